/**
 * The functions of MIT Kerberos by which a service checks tickets (gssapi.h and gssapi_ext.h; RFC 2744), called by the npm package `koffi`.
 * Memory stays in this file: what it gives back are values.
 *
 * Calls are synchronous. The library asks no network to check a ticket, takes well under a millisecond, and keeps the text of an error for
 * the thread that met it: on another thread it would be lost.
 */
import { CodedError } from '@landbridge/runtime';
import type { TypeObject } from 'koffi';
import { type Koffi, loadKoffi } from './load-koffi.ts';

export interface MitKerberos {
  /**
   * The first leg of an exchange, by Kerberos alone or within SPNEGO.
   *
   * @returns undefined where the library wants another token
   * @throws with the library's own words
   */
  accept(token: Buffer, store: CredentialStore): Accepted | undefined;
}

/** What is used of koffi's LibraryHandle. */
export interface Library {
  func(name: string, result: string, parameters: Parameter[]): (...given: unknown[]) => number;
}
type Parameter = TypeObject | string | ReturnType<Koffi['inout']>;

/** Where the library finds what it needs, whatever the environment and krb5.conf say (MIT's documentation, "Credential store extensions"). */
export interface CredentialStore {
  keytab: string;
  /** The replay cache. */
  rcache: string;
}

export interface Accepted {
  /** As krb5_unparse_name writes principals, with backslashes before special characters. */
  client: string;
  service: string;
  /** Else by another mechanism, which somebody has added to the library. */
  isKerberos: boolean;
  /** Somebody without a name. */
  isAnonymous: boolean;
  response: Buffer;
}

/**
 * Those of which the first that is there is taken. Apple's own library cannot be told which keytab to take, and so has to be replaced by
 * that of Homebrew, which stands in the one folder or the other.
 */
const LIBRARIES =
  process.platform === 'darwin'
    ? ['/opt/homebrew/opt/krb5/lib/libgssapi_krb5.dylib', '/usr/local/opt/krb5/lib/libgssapi_krb5.dylib']
    : ['libgssapi_krb5.so.2'];

/** Contents of the object identifiers (RFC 4121, RFC 4178). */
const KRB5 = Buffer.from('2a864886f712010202', 'hex');
const SPNEGO = Buffer.from('2b0601050502', 'hex');

const GSS_C_ACCEPT = 2;
const GSS_C_INDEFINITE = 0xffffffff;
const GSS_C_ANON_FLAG = 64;
const GSS_C_GSS_CODE = 1;
const GSS_C_MECH_CODE = 2;
const GSS_S_COMPLETE = 0;

/** The answer to a ticket has some 200 bytes. */
const MAX_RESPONSE_BYTES = 65_536;
const MAX_NAME_BYTES = 65_536;
/** Some have a name of the token in them, with backslashes. */
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

/** By what they are of. koffi never forgets what was declared to it, so that is done once. */
const loaded = new Map<string, MitKerberos>();

/** @param libraries names or whole paths, in place of this system's @throws KERBEROS_UNAVAILABLE */
export async function loadMitKerberos(libraries: readonly string[] = LIBRARIES): Promise<MitKerberos> {
  const koffi = await loadKoffi();
  const key = libraries.join();
  const mit = loaded.get(key) ?? onLibrary(libraries, koffi.load, (library) => declareMitKerberos(koffi, library));
  loaded.set(key, mit);
  return mit;
}

/** @param library as koffi has loaded it @throws where a function is not there */
export function declareMitKerberos(koffi: Koffi, library: Library): MitKerberos {
  const pointer = 'void *';
  const buffer = koffi.struct({ length: 'size_t', value: pointer });
  // Without a gap between its fields on Macs with processors of Intel (gssapi.h).
  const isPacked = process.platform === 'darwin' && process.arch === 'x64';
  const oid = (isPacked ? koffi.pack : koffi.struct)({ length: 'uint32_t', elements: pointer });
  const oidSet = koffi.pointer(koffi.struct({ count: 'size_t', elements: koffi.pointer(oid) }));
  const element = koffi.struct({ key: 'str', value: 'str' });
  const keyValueSet = koffi.pointer(koffi.struct({ count: 'uint32_t', elements: koffi.pointer(element) }));
  // What is written to has a value before: not every function writes where it fails.
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

  // Not by koffi.decode with a length, of which koffi keeps some bytes each time.
  const copyOf = (at: Pointer | Buffer, length: number) => Buffer.from(new Uint8Array(koffi.view(at, length)));

  /** Reads what the library has allocated, and gives it back. */
  function taken(from: GssBuffer, maxBytes: number): Buffer {
    try {
      const length = Number(from.length);
      if (from.value === null || length === 0) return Buffer.alloc(0);
      if (length > maxBytes) throw new Error(`The Kerberos library answered ${length} bytes, more than ${maxBytes}`);
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

  /** Before anything else is asked of the library, which keeps the text of the last error only. */
  function check(major: number, [minor = 0]: readonly number[]): void {
    if (!isError(major)) return;
    const texts = [textOf(major, GSS_C_GSS_CODE), minor === 0 ? '' : textOf(minor, GSS_C_MECH_CODE)];
    throw new Error(texts.filter((text) => text !== '').join(': ') || `GSS-API: error 0x${major.toString(16)}`);
  }

  function nameText(name: Pointer): string {
    if (name === null) throw new Error('The Kerberos library does not name who takes part');
    const minor = [0];
    const text = emptyBuffer();
    check(displayName(minor, name, text, null), minor);
    const bytes = taken(text, MAX_NAME_BYTES);
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      // With replacements it would be the same as others that are none.
      throw new Error('The Kerberos library gives a name that is not UTF-8', { cause });
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

  /** Those of no name in particular. The library would have to ask the DNS for one. */
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
    // SPNEGO would negotiate whatever the library has.
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
      'Install MIT Kerberos, the package libgssapi-krb5-2 (Debian, Ubuntu), krb5-libs (Red Hat, Alpine) or krb5 (Homebrew); there is nothing to compile. Without it, switch Kerberos off for this connection.',
    cause,
  });
}

/** Calling and routine errors stand in the upper half (RFC 2744, section 3.9.1). */
function isError(major: number): boolean {
  return major >>> 16 !== 0;
}
