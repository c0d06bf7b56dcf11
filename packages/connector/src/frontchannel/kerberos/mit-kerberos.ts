/**
 * Calls the functions of MIT Kerberos that check tickets (gssapi.h and gssapi_ext.h; RFC 2744) with the npm package `koffi`. All memory management
 * is in this file; results are plain values.
 *
 * Calls are synchronous: the library checks a ticket in well under a millisecond without the network, and keeps error texts per thread, so that
 * another thread could not read them.
 */
import { CodedError } from '@landbridge/runtime';
import type { TypeObject } from 'koffi';
import { type Koffi, loadKoffi } from './load-koffi.ts';

export interface MitKerberos {
  /**
   * The first leg of an exchange, with Kerberos directly or within SPNEGO.
   *
   * @returns undefined if the library needs another token
   * @throws Error with the library's text
   */
  accept(token: Buffer, store: CredentialStore): Accepted | undefined;
}

/** The part of koffi's LibraryHandle in use. */
export interface Library {
  func(name: string, result: string, parameters: Parameter[]): (...given: unknown[]) => number;
}
type Parameter = TypeObject | string | ReturnType<Koffi['inout']>;

/** Overrides the environment and krb5.conf (MIT's documentation, "Credential store extensions"). */
export interface CredentialStore {
  keytab: string;
  /** The replay cache. */
  rcache: string;
}

export interface Accepted {
  /** In the notation of krb5_unparse_name, with backslashes before special characters. */
  client: string;
  service: string;
  /** Otherwise by a mechanism that was added to the library. */
  isKerberos: boolean;
  isAnonymous: boolean;
  response: Buffer;
}

/** The first one that exists is used. Apple's own library does not support choosing a keytab, so Homebrew's is needed, in either of two folders. */
const LIBRARIES =
  process.platform === 'darwin'
    ? ['/opt/homebrew/opt/krb5/lib/libgssapi_krb5.dylib', '/usr/local/opt/krb5/lib/libgssapi_krb5.dylib']
    : ['libgssapi_krb5.so.2'];

/** Object identifiers (RFC 4121, RFC 4178). */
const KRB5 = Buffer.from('2a864886f712010202', 'hex');
const SPNEGO = Buffer.from('2b0601050502', 'hex');

const GSS_C_ACCEPT = 2;
const GSS_C_INDEFINITE = 0xffffffff;
const GSS_C_ANON_FLAG = 64;
const GSS_C_GSS_CODE = 1;
const GSS_C_MECH_CODE = 2;
const GSS_S_COMPLETE = 0;

/** Response tokens have about 200 bytes. */
const MAX_RESPONSE_BYTES = 65_536;
const MAX_NAME_BYTES = 65_536;
/** Some quote a name from the token, with backslashes. */
const MAX_MESSAGE_BYTES = 262_144;
/** A status has one or two. */
const MAX_MESSAGES = 8;

type Pointer = bigint | null;
type Holder = [Pointer];
interface GssBuffer {
  length: number | bigint;
  value: Pointer | Buffer;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const emptyBuffer = (): GssBuffer => ({ length: 0, value: null });

/** By library. koffi never frees declarations, so they are made once. */
const loaded = new Map<string, MitKerberos>();

/** @param libraries names or paths @throws CodedError KERBEROS_UNAVAILABLE */
export async function loadMitKerberos(libraries: readonly string[] = LIBRARIES): Promise<MitKerberos> {
  const koffi = await loadKoffi();
  const key = libraries.join();
  const mit = loaded.get(key) ?? onLibrary(libraries, koffi.load, (library) => declareMitKerberos(koffi, library));
  loaded.set(key, mit);
  return mit;
}

/** @throws Error if a function is missing */
export function declareMitKerberos(koffi: Koffi, library: Library): MitKerberos {
  const pointer = 'void *';
  const buffer = koffi.struct({ length: 'size_t', value: pointer });
  // Packed on Intel Macs (gssapi.h).
  const isPacked = process.platform === 'darwin' && process.arch === 'x64';
  const oid = (isPacked ? koffi.pack : koffi.struct)({ length: 'uint32_t', elements: pointer });
  const oidSet = koffi.pointer(koffi.struct({ count: 'size_t', elements: koffi.pointer(oid) }));
  const element = koffi.struct({ key: 'str', value: 'str' });
  const keyValueSet = koffi.pointer(koffi.struct({ count: 'uint32_t', elements: koffi.pointer(element) }));
  // Output parameters are initialised, because not every function writes them when it fails.
  const written = (type: TypeObject | string) => koffi.inout(koffi.pointer(type));

  const declare = (name: string, parameters: Parameter[]) => library.func(name, 'uint32_t', [written('uint32_t'), ...parameters]);
  const acquireCredFrom = declare('gss_acquire_cred_from', [
    ...[pointer, 'uint32_t', oidSet, 'int', keyValueSet],
    ...[written(pointer), pointer, pointer],
  ]);
  const setNegMechs = declare('gss_set_neg_mechs', [pointer, oidSet]);
  const acceptSecContext = declare('gss_accept_sec_context', [
    ...[written(pointer), pointer, koffi.pointer(buffer), pointer],
    ...[written(pointer), written(pointer), written(buffer), written('uint32_t'), pointer, pointer],
  ]);
  const inquireContext = declare('gss_inquire_context', [
    ...[pointer, pointer, written(pointer), pointer, pointer, pointer, pointer, pointer],
  ]);
  const displayName = declare('gss_display_name', [pointer, written(buffer), pointer]);
  const displayStatus = declare('gss_display_status', ['uint32_t', 'int', pointer, written('uint32_t'), written(buffer)]);
  const releaseBuffer = declare('gss_release_buffer', [written(buffer)]);
  const releaseName = declare('gss_release_name', [written(pointer)]);
  const releaseCred = declare('gss_release_cred', [written(pointer)]);
  const deleteSecContext = declare('gss_delete_sec_context', [written(pointer), pointer]);

  // Not koffi.decode with a length, which leaks some bytes each time.
  const copyOf = (at: Pointer | Buffer, length: number) => Buffer.from(new Uint8Array(koffi.view(at, length)));

  /** Copies a buffer of the library and frees it. */
  function taken(from: GssBuffer, maxBytes: number): Buffer {
    try {
      const length = Number(from.length);
      if (from.value === null || length === 0) return Buffer.alloc(0);
      if (length > maxBytes) throw new Error(`the Kerberos library returned ${length} bytes, more than ${maxBytes}`);
      return copyOf(from.value, length);
    } finally {
      releaseBuffer([0], from);
    }
  }

  function textOf(status: number, type: number): string {
    const messages: string[] = [];
    const more = [0];
    do {
      const message = emptyBuffer();
      if (isError(displayStatus([0], status, type, null, more, message))) break;
      messages.push(taken(message, MAX_MESSAGE_BYTES).toString());
    } while (more[0] !== 0 && messages.length < MAX_MESSAGES);
    return messages.join(', ');
  }

  /** Call it before anything else, because the library only keeps the text of the last error. */
  function check(major: number, [minor = 0]: readonly number[]): void {
    if (!isError(major)) return;
    const texts = [textOf(major, GSS_C_GSS_CODE), minor === 0 ? '' : textOf(minor, GSS_C_MECH_CODE)];
    throw new Error(texts.filter((text) => text !== '').join(': ') || `GSS-API: error 0x${major.toString(16)}`);
  }

  function nameText(name: Pointer): string {
    if (name === null) throw new Error('the Kerberos library did not return a name');
    const minor = [0];
    const text = emptyBuffer();
    check(displayName(minor, name, text, null), minor);
    const bytes = taken(text, MAX_NAME_BYTES);
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      // Replacement characters would make different names equal.
      throw new Error('the Kerberos library returned a name that is not UTF-8', { cause });
    }
  }

  function isKrb5(mechanism: Pointer): boolean {
    if (mechanism === null) return false;
    const { length, elements }: { length: number; elements: Pointer } = koffi.decode(mechanism, oid);
    return length === KRB5.length && elements !== null && KRB5.equals(copyOf(elements, KRB5.length));
  }

  const setOf = (...oids: readonly Buffer[]) => ({
    count: oids.length,
    elements: oids.map((elements) => ({ length: elements.length, elements })),
  });

  /** For any name: the library would look a specific one up in the DNS. */
  function acquire(credentials: Holder, { keytab, rcache }: CredentialStore): void {
    const elements = [
      { key: 'keytab', value: keytab },
      { key: 'rcache', value: rcache },
    ];
    const minor = [0];
    check(
      acquireCredFrom(
        ...[minor, null, GSS_C_INDEFINITE, setOf(KRB5, SPNEGO), GSS_C_ACCEPT, { count: elements.length, elements }],
        ...[credentials, null, null],
      ),
      minor,
    );
    // Otherwise SPNEGO could negotiate any mechanism of the library.
    check(setNegMechs(minor, credentials[0], setOf(KRB5)), minor);
  }

  return {
    accept(token, store) {
      const [credentials, context]: [Holder, Holder] = [[null], [null]];
      const [client, service, mechanism]: [Holder, Holder, Holder] = [[null], [null], [null]];
      const response = emptyBuffer();
      const [minor, flags] = [[0], [0]];
      try {
        acquire(credentials, store);
        const major = acceptSecContext(
          ...[minor, context, credentials[0], { length: token.length, value: token }, null],
          ...[client, mechanism, response, flags, null, null],
        );
        check(major, minor);
        if (major !== GSS_S_COMPLETE) return undefined;
        check(inquireContext(minor, context[0], null, service, null, null, null, null, null), minor);
        return {
          client: nameText(client[0]),
          service: nameText(service[0]),
          isKerberos: isKrb5(mechanism[0]),
          isAnonymous: ((flags[0] ?? 0) & GSS_C_ANON_FLAG) !== 0,
          response: taken(response, MAX_RESPONSE_BYTES),
        };
      } finally {
        releaseBuffer([0], response);
        for (const name of [client, service]) if (name[0] !== null) releaseName([0], name);
        if (context[0] !== null) deleteSecContext([0], context, null);
        if (credentials[0] !== null) releaseCred([0], credentials);
      }
    },
  };
}

function onLibrary<T>(names: readonly string[], load: (name: string) => Library, declare: (library: Library) => T): T {
  let cause: unknown;
  for (const name of names) {
    try {
      return declare(load(name));
    } catch (error) {
      cause = error;
    }
  }
  throw new CodedError('KERBEROS_UNAVAILABLE', `Kerberos tickets cannot be checked: the library ${names.join(' or ')} is not installed`, {
    action:
      'Install MIT Kerberos, the package libgssapi-krb5-2 (Debian, Ubuntu), krb5-libs (Red Hat, Alpine) or krb5 (Homebrew); there is nothing to compile. Or switch Kerberos off for this connection.',
    cause,
  });
}

/** Calling and routine errors are in the upper half (RFC 2744, section 3.9.1). */
function isError(major: number): boolean {
  return major >>> 16 !== 0;
}
