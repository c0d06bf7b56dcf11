/**
 * Both sides of a Kerberos exchange by calls of MIT Kerberos (gssapi.h, gssapi_ext.h): the browser's, and the service's as the floor for
 * benchmarks.
 */
import koffi from 'koffi';

export interface Gssapi {
  /**
   * Creates the browser's token. The library fetches a missing ticket from the KDC and blocks this process meanwhile.
   *
   * @param cache the path of a credential cache
   * @param service with its host: `HTTP@connector.example`
   */
  initiate(cache: string, service: string): Buffer;
  /**
   * Accepts a token as the service.
   *
   * @param keytab the path of a file
   * @throws if the token is rejected
   */
  accept(token: Buffer, keytab: string): void;
}

type Pointer = bigint | null;
interface GssBuffer {
  length: number | bigint;
  value: Pointer | Buffer;
}

/** Contents of object identifiers (RFC 4178; RFC 2744, section 4.1). */
const SPNEGO = Buffer.from('2b0601050502', 'hex');
const HOSTBASED_SERVICE = Buffer.from('2a864886f71201020104', 'hex');

const GSS_C_INITIATE = 1;
const GSS_C_ACCEPT = 2;
const GSS_C_MUTUAL_FLAG = 2;
const GSS_C_INDEFINITE = 0xffffffff;
const GSS_C_GSS_CODE = 1;
const GSS_C_MECH_CODE = 2;
const GSS_S_COMPLETE = 0;

const emptyBuffer = (): GssBuffer => ({ length: 0, value: null });

/** @throws if the library is not installed */
export function loadGssapi(): Gssapi {
  const library = koffi.load('libgssapi_krb5.so.2');
  const pointer = 'void *';
  const buffer = koffi.struct({ length: 'size_t', value: pointer });
  const oid = koffi.struct({ length: 'uint32_t', elements: pointer });
  const oidSet = koffi.struct({ count: 'size_t', elements: koffi.pointer(oid) });
  const element = koffi.struct({ key: 'str', value: 'str' });
  const keyValueSet = koffi.struct({ count: 'uint32_t', elements: koffi.pointer(element) });
  const written = (type: typeof buffer | string) => koffi.inout(koffi.pointer(type));
  type Parameter = typeof buffer | string | ReturnType<typeof written>;
  const declare = (name: string, parameters: Parameter[]): ((...given: unknown[]) => number) =>
    library.func(name, 'uint32_t', [written('uint32_t'), ...parameters]);

  const acquireCredFrom = declare('gss_acquire_cred_from', [
    ...[pointer, 'uint32_t', koffi.pointer(oidSet), 'int', koffi.pointer(keyValueSet)],
    ...[written(pointer), pointer, pointer],
  ]);
  const importName = declare('gss_import_name', [koffi.pointer(buffer), koffi.pointer(oid), written(pointer)]);
  const initSecContext = declare('gss_init_sec_context', [
    ...[pointer, written(pointer), pointer, koffi.pointer(oid), 'uint32_t', 'uint32_t', pointer, pointer],
    ...[pointer, written(buffer), pointer, pointer],
  ]);
  const acceptSecContext = declare('gss_accept_sec_context', [
    ...[written(pointer), pointer, koffi.pointer(buffer), pointer],
    ...[written(pointer), pointer, written(buffer), pointer, pointer, pointer],
  ]);
  const displayStatus = declare('gss_display_status', ['uint32_t', 'int', pointer, written('uint32_t'), written(buffer)]);
  const releaseBuffer = declare('gss_release_buffer', [written(buffer)]);
  const releaseName = declare('gss_release_name', [written(pointer)]);
  const releaseCred = declare('gss_release_cred', [written(pointer)]);
  const deleteSecContext = declare('gss_delete_sec_context', [written(pointer), pointer]);

  function taken(from: GssBuffer): Buffer {
    const copy = from.value === null ? Buffer.alloc(0) : Buffer.from(new Uint8Array(koffi.view(from.value, Number(from.length))));
    releaseBuffer([0], from);
    return copy;
  }

  function check(major: number, minor: readonly number[]): void {
    if (major >>> 16 === 0) return;
    const texts = [
      { status: major, type: GSS_C_GSS_CODE },
      { status: minor[0], type: GSS_C_MECH_CODE },
    ].map(({ status, type }) => {
      const text = emptyBuffer();
      displayStatus([0], status, type, null, [0], text);
      return taken(text).toString();
    });
    throw new Error(texts.join(': '));
  }

  const bytes = (value: Buffer) => ({ length: value.length, value });
  const identifier = (elements: Buffer) => ({ length: elements.length, elements });

  function acquire(usage: number, store: Readonly<Record<string, string>>): [Pointer] {
    const minor = [0];
    const credentials: [Pointer] = [null];
    const elements = Object.entries(store).map(([key, value]) => ({ key, value }));
    const mechanisms = { count: 1, elements: [identifier(SPNEGO)] };
    check(
      acquireCredFrom(minor, null, GSS_C_INDEFINITE, mechanisms, usage, { count: elements.length, elements }, credentials, null, null),
      minor,
    );
    return credentials;
  }

  return {
    initiate(cache, service) {
      const credentials = acquire(GSS_C_INITIATE, { ccache: `FILE:${cache}` });
      const [target, context]: [[Pointer], [Pointer]] = [[null], [null]];
      const minor = [0];
      const token = emptyBuffer();
      try {
        check(importName(minor, bytes(Buffer.from(service)), identifier(HOSTBASED_SERVICE), target), minor);
        check(
          initSecContext(
            ...[minor, credentials[0], context, target[0], identifier(SPNEGO), GSS_C_MUTUAL_FLAG, GSS_C_INDEFINITE],
            ...[null, null, null, token, null, null],
          ),
          minor,
        );
        return taken(token);
      } finally {
        releaseBuffer([0], token);
        deleteSecContext([0], context, null);
        releaseName([0], target);
        releaseCred([0], credentials);
      }
    },
    accept(token, keytab) {
      const credentials = acquire(GSS_C_ACCEPT, { keytab: `FILE:${keytab}` });
      const [client, context]: [[Pointer], [Pointer]] = [[null], [null]];
      const minor = [0];
      const response = emptyBuffer();
      try {
        const major = acceptSecContext(minor, context, credentials[0], bytes(token), null, client, null, response, null, null, null);
        check(major, minor);
        if (major !== GSS_S_COMPLETE) throw new Error('The token is only the beginning of an exchange');
      } finally {
        releaseBuffer([0], response);
        deleteSecContext([0], context, null);
        releaseName([0], client);
        releaseCred([0], credentials);
      }
    },
  };
}
