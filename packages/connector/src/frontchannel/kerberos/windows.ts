/**
 * Calls the Windows functions that check tickets (sspi.h) and return the computer's domain (dsrole.h) with the npm package `koffi`. All memory
 * management is in this file; results are values, and handles that the caller has to free.
 */
import type { TypeObject } from 'koffi';
import { type Koffi, loadKoffi } from './load-koffi.ts';

/** CredHandle or CtxtHandle. */
export interface Handle {
  dwLower: number | bigint;
  dwUpper: number | bigint;
}

/** All functions throw Windows' errors, except those that free something. */
export interface Windows {
  /** Inbound credentials of the account that this process runs as. Free them with `freeCredentials`. */
  acquireCredentials(): Handle;
  freeCredentials(credentials: Handle): void;
  /**
   * The first leg of an exchange, on another thread, since Windows may ask a domain controller. Free the context with `deleteContext`.
   */
  accept(credentials: Handle, token: Buffer): Promise<Leg>;
  deleteContext(context: Handle): void;
  /** The negotiated package: `Kerberos`, `NTLM`. */
  packageOf(context: Handle): string;
  /** The Windows account: `FABRIKAM\alice`. */
  userOf(context: Handle): string;
  /** The names in the ticket: `alice@FABRIKAM.LOCAL`, `HTTP/sso.fabrikam.local@FABRIKAM.LOCAL`. */
  namesInTicket(context: Handle): { client: string; server: string };
  /** `fabrikam.local`; empty if the computer is not in an Active Directory domain. */
  computerDomain(): string;
}

export interface Leg {
  context: Handle;
  /** Otherwise Windows needs another token. */
  isComplete: boolean;
  isNullSession: boolean;
  response: Buffer;
}

/** Full paths: Windows searches for a bare name next to the program first. */
export interface Libraries {
  secur32: string;
  netapi32: string;
}

const SYSTEM_FOLDER = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32`;
const SYSTEM_LIBRARIES: Libraries = { secur32: `${SYSTEM_FOLDER}\\secur32.dll`, netapi32: `${SYSTEM_FOLDER}\\netapi32.dll` };

const PACKAGE = 'Negotiate';
const SECPKG_CRED_INBOUND = 1;
const SECURITY_NATIVE_DREP = 0x10;
const SECBUFFER_VERSION = 0;
const SECBUFFER_TOKEN = 2;
const ASC_REQ_MUTUAL_AUTH = 0x2;
const ASC_REQ_CONNECTION = 0x800;
/** Without ASC_REQ_ALLOW_NULL_SESSION, and without ASC_REQ_ALLOW_CONTEXT_REPLAY, which would accept a token twice. */
const REQUIREMENTS = ASC_REQ_MUTUAL_AUTH | ASC_REQ_CONNECTION;
const ASC_RET_NULL_SESSION = 0x100000;
const SECPKG_ATTR_NAMES = 1;
const SECPKG_ATTR_NEGOTIATION_INFO = 12;
const SECPKG_ATTR_NATIVE_NAMES = 13;
const DS_ROLE_PRIMARY_DOMAIN_INFO_BASIC = 1;
/** The longest token of Windows (MaxTokenSize). Responses to a ticket have about 200 bytes. */
const MAX_RESPONSE_BYTES = 65_536;

const SEC_E_OK = 0;
const SEC_E_BUFFER_TOO_SMALL = 0x80090321;
const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [0x80090300, 'SEC_E_INSUFFICIENT_MEMORY'],
  [0x80090302, 'SEC_E_UNSUPPORTED_FUNCTION'],
  [0x80090304, 'SEC_E_INTERNAL_ERROR'],
  [0x80090305, 'SEC_E_SECPKG_NOT_FOUND'],
  [0x80090308, 'SEC_E_INVALID_TOKEN'],
  [0x8009030c, 'SEC_E_LOGON_DENIED'],
  [0x8009030e, 'SEC_E_NO_CREDENTIALS'],
  [0x8009030f, 'SEC_E_MESSAGE_ALTERED'],
  [0x80090311, 'SEC_E_NO_AUTHENTICATING_AUTHORITY'],
  [SEC_E_BUFFER_TOO_SMALL, 'SEC_E_BUFFER_TOO_SMALL'],
  [0x80090322, 'SEC_E_WRONG_PRINCIPAL'],
  [0x80090324, 'SEC_E_TIME_SKEW'],
  [0x80090342, 'SEC_E_KDC_UNKNOWN_ETYPE'],
]);

type Pointer = bigint | null;

/** By library. koffi never frees declarations, so they are made once. */
const loaded = new Map<string, Windows>();

/** @throws CodedError KERBEROS_UNAVAILABLE */
export async function loadWindows(libraries = SYSTEM_LIBRARIES): Promise<Windows> {
  const koffi = await loadKoffi();
  const key = `${libraries.secur32},${libraries.netapi32}`;
  const windows = loaded.get(key) ?? declareWindows(koffi, libraries);
  loaded.set(key, windows);
  return windows;
}

function declareWindows(koffi: Koffi, libraries: Libraries): Windows {
  const secur32 = koffi.load(libraries.secur32);
  const netapi32 = koffi.load(libraries.netapi32);

  const pointer = 'void *';
  const handle = koffi.struct({ dwLower: 'uintptr_t', dwUpper: 'uintptr_t' });
  const secBuffer = koffi.struct({ cbBuffer: 'uint32_t', BufferType: 'uint32_t', pvBuffer: pointer });
  const secBufferDesc = koffi.struct({ ulVersion: 'uint32_t', cBuffers: 'uint32_t', pBuffers: pointer });
  const packageInfo = koffi.struct({
    ...{ fCapabilities: 'uint32_t', wVersion: 'uint16_t', wRPCID: 'uint16_t', cbMaxToken: 'uint32_t' },
    ...{ Name: pointer, Comment: pointer },
  });
  const domainInfo = koffi.struct({
    ...{ MachineRole: 'int32_t', Flags: 'uint32_t', DomainNameFlat: pointer, DomainNameDns: pointer },
    ...{ DomainForestName: pointer, DomainGuid: koffi.array('uint8_t', 16) },
  });
  const inHandle = koffi.pointer(handle);
  const out = (type: TypeObject | string) => koffi.out(koffi.pointer(type));

  const status = 'int32_t';
  const acquireCredentialsHandle = secur32.func('__stdcall', 'AcquireCredentialsHandleW', status, [
    ...['str16', 'str16', 'uint32_t', pointer, pointer, pointer, pointer],
    ...[out(handle), out('int64_t')],
  ]);
  const acceptSecurityContext = secur32.func('__stdcall', 'AcceptSecurityContext', status, [
    ...[inHandle, pointer, pointer, 'uint32_t', 'uint32_t'],
    ...[out(handle), pointer, out('uint32_t'), out('int64_t')],
  ]);
  const query = (result: TypeObject) => secur32.func('__stdcall', 'QueryContextAttributesW', status, [inHandle, 'uint32_t', out(result)]);
  const queryNames = query(koffi.struct({ sUserName: pointer }));
  const queryNativeNames = query(koffi.struct({ sClientName: pointer, sServerName: pointer }));
  const queryNegotiationInfo = query(koffi.struct({ PackageInfo: pointer, NegotiationState: 'uint32_t' }));
  const deleteSecurityContext = secur32.func('__stdcall', 'DeleteSecurityContext', status, [inHandle]);
  const freeCredentialsHandle = secur32.func('__stdcall', 'FreeCredentialsHandle', status, [inHandle]);
  const freeContextBuffer = secur32.func('__stdcall', 'FreeContextBuffer', status, [pointer]);
  const dsRoleGetPrimaryDomainInformation = netapi32.func('__stdcall', 'DsRoleGetPrimaryDomainInformation', 'uint32_t', [
    ...['str16', 'int32_t', out(pointer)],
  ]);
  const dsRoleFreeMemory = netapi32.func('__stdcall', 'DsRoleFreeMemory', 'void', [pointer]);

  /** Zero-terminated text in Windows' memory. */
  const text = (at: Pointer): string => (at === null ? '' : koffi.decode.string16(at));

  /** Frees what Windows allocated for a result. */
  function taking<T>(buffers: Pointer[], take: () => T): T {
    try {
      return take();
    } finally {
      for (const buffer of buffers) if (buffer !== null) freeContextBuffer(buffer);
    }
  }

  /** A SecBufferDesc with one buffer, in memory that the garbage collector does not touch during a call. */
  function tokenBuffer(size: number) {
    const bytes: bigint = koffi.alloc('uint8_t', size);
    const buffer: bigint = koffi.alloc(secBuffer, 1);
    const descriptor: bigint = koffi.alloc(secBufferDesc, 1);
    koffi.encode(buffer, secBuffer, { cbBuffer: size, BufferType: SECBUFFER_TOKEN, pvBuffer: bytes });
    koffi.encode(descriptor, secBufferDesc, { ulVersion: SECBUFFER_VERSION, cBuffers: 1, pBuffers: buffer });
    return {
      descriptor,
      write: (token: Buffer) => new Uint8Array(koffi.view(bytes, size)).set(token),
      read(): Buffer {
        const { cbBuffer }: { cbBuffer: number } = koffi.decode(buffer, secBuffer);
        if (cbBuffer > size) throw windowsError('AcceptSecurityContext', SEC_E_BUFFER_TOO_SMALL);
        return Buffer.from(new Uint8Array(koffi.view(bytes, cbBuffer)));
      },
      free() {
        for (const block of [descriptor, buffer, bytes]) koffi.free(block);
      },
    };
  }

  return {
    acquireCredentials() {
      const credentials: Handle = { dwLower: 0, dwUpper: 0 };
      check(
        'AcquireCredentialsHandle',
        acquireCredentialsHandle(null, PACKAGE, SECPKG_CRED_INBOUND, null, null, null, null, credentials, [0]),
      );
      return credentials;
    },
    freeCredentials: (credentials) => freeCredentialsHandle(credentials),
    async accept(credentials, token) {
      const context: Handle = { dwLower: 0, dwUpper: 0 };
      const attributes = [0];
      const input = tokenBuffer(token.length);
      const output = tokenBuffer(MAX_RESPONSE_BYTES);
      try {
        input.write(token);
        const result = await new Promise<number>((resolve, reject) => {
          acceptSecurityContext.async(
            ...[credentials, null, input.descriptor, REQUIREMENTS, SECURITY_NATIVE_DREP],
            ...[context, output.descriptor, attributes, [0]],
            (error: unknown, answer: number) => (error ? reject(error) : resolve(answer)),
          );
        });
        check('AcceptSecurityContext', result);
        const isComplete = result === SEC_E_OK;
        const isNullSession = ((attributes[0] ?? 0) & ASC_RET_NULL_SESSION) !== 0;
        try {
          return { context, isComplete, isNullSession, response: isComplete ? output.read() : Buffer.alloc(0) };
        } catch (error) {
          deleteSecurityContext(context);
          throw error;
        }
      } finally {
        input.free();
        output.free();
      }
    },
    deleteContext: (context) => deleteSecurityContext(context),
    packageOf(context) {
      const info: { PackageInfo: Pointer } = { PackageInfo: null };
      check('QueryContextAttributes (SECPKG_ATTR_NEGOTIATION_INFO)', queryNegotiationInfo(context, SECPKG_ATTR_NEGOTIATION_INFO, info));
      const { PackageInfo } = info;
      return taking([PackageInfo], () => {
        if (PackageInfo === null) return '';
        const { Name }: { Name: Pointer } = koffi.decode(PackageInfo, packageInfo);
        return text(Name);
      });
    },
    userOf(context) {
      const names: { sUserName: Pointer } = { sUserName: null };
      check('QueryContextAttributes (SECPKG_ATTR_NAMES)', queryNames(context, SECPKG_ATTR_NAMES, names));
      return taking([names.sUserName], () => text(names.sUserName));
    },
    namesInTicket(context) {
      const names: { sClientName: Pointer; sServerName: Pointer } = { sClientName: null, sServerName: null };
      check('QueryContextAttributes (SECPKG_ATTR_NATIVE_NAMES)', queryNativeNames(context, SECPKG_ATTR_NATIVE_NAMES, names));
      return taking([names.sClientName, names.sServerName], () => ({ client: text(names.sClientName), server: text(names.sServerName) }));
    },
    computerDomain() {
      const found: [Pointer] = [null];
      const error: number = dsRoleGetPrimaryDomainInformation(null, DS_ROLE_PRIMARY_DOMAIN_INFO_BASIC, found);
      if (error !== 0) throw new Error(`DsRoleGetPrimaryDomainInformation: Windows error ${error}`);
      const [info] = found;
      if (info === null) return '';
      try {
        const { DomainNameDns }: { DomainNameDns: Pointer } = koffi.decode(info, domainInfo);
        return text(DomainNameDns);
      } finally {
        dsRoleFreeMemory(info);
      }
    },
  };
}

/** @param status SECURITY_STATUS; errors are negative */
function check(functionName: string, status: number): void {
  if (status < 0) throw windowsError(functionName, status);
}

function windowsError(functionName: string, status: number): Error {
  // Windows documents them as unsigned.
  const code = status >>> 0;
  const hex = `0x${code.toString(16).toUpperCase()}`;
  return new Error(`${functionName}: ${STATUS_NAMES.get(code) ?? 'error'} (${hex})`);
}
