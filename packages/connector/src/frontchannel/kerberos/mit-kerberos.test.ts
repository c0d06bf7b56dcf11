/**
 * Memory and limits of the calls into MIT Kerberos, with a fake library in TypeScript: everything that it allocates is freed, whatever it answers.
 * The real library is tested in `kerberos.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import koffi from 'koffi';
import { declareMitKerberos } from './mit-kerberos.ts';

const KRB5 = '2a864886f712010202';
const SPNEGO = '2b0601050502';
const STORE = { keytab: 'FILE:/etc/connector.keytab', rcache: 'dfl:' };
const TOKEN = Buffer.from('token');
const GSS_S_FAILURE = 13 << 16;

interface Script {
  /** Statuses of functions; 0 by default. */
  statuses?: Readonly<Record<string, number>>;
  flags?: number;
  /** null: a null pointer */
  mechanism?: string | null;
  client?: Buffer | null;
  service?: Buffer | null;
  response?: Buffer;
  message?: Buffer;
  /** How many messages a status has. */
  messages?: number;
}

type Kind = 'credentials' | 'context' | 'name' | 'buffer';
type Holder = [bigint | null];
interface GssBuffer {
  length: number | bigint;
  value: bigint | null;
}

function libraryFor(script: Script) {
  const { statuses = {}, flags = 2, mechanism = KRB5, client = Buffer.from('alice@R'), service = Buffer.from('HTTP/sso@R') } = script;
  const { response = Buffer.from('response'), message = Buffer.from('what it is'), messages = 1 } = script;
  const outstanding = new Map<bigint, Kind>();
  const called: string[] = [];
  const asked: unknown[] = [];

  function memory(bytes: Buffer): bigint {
    const at: bigint = koffi.alloc('uint8_t', bytes.length + 1);
    new Uint8Array(koffi.view(at, bytes.length + 1)).set(bytes);
    return at;
  }
  function give(kind: Kind, holder: Holder, bytes: Buffer = Buffer.alloc(0)): void {
    holder[0] = memory(bytes);
    outstanding.set(holder[0], kind);
  }
  function giveBuffer(buffer: GssBuffer, bytes: Buffer): void {
    const holder: Holder = [null];
    give('buffer', holder, bytes);
    Object.assign(buffer, { length: bytes.length, value: holder[0] });
  }
  function back(kind: Kind, holder: Holder): void {
    const [at] = holder;
    assert.ok(at !== null && outstanding.get(at) === kind, `freed something that is not a ${kind}`);
    outstanding.delete(at);
    koffi.free(at);
    holder[0] = null;
  }
  /** The bytes of each name, by its address. */
  const names = new Map<bigint, Buffer>();
  function giveName(holder: Holder, text: Buffer | null): void {
    if (text === null) return;
    give('name', holder);
    if (holder[0] !== null) names.set(holder[0], text);
  }
  const oid = koffi.struct({ length: 'uint32_t', elements: 'void *' });

  const functions: Record<string, (given: unknown[]) => void> = {
    gss_acquire_cred_from([, name, , mechanisms, usage, store, credentials]) {
      asked.push({ name, mechanisms: hexOf(mechanisms), usage, store: Object(store).elements });
      give('credentials', credentials as Holder);
    },
    gss_set_neg_mechs([, credentials, mechanisms]) {
      assert.equal(outstanding.get(credentials as bigint), 'credentials');
      asked.push({ negotiated: hexOf(mechanisms) });
    },
    gss_accept_sec_context([, context, credentials, token, , from, kind, output, resultFlags]) {
      assert.equal(outstanding.get(credentials as bigint), 'credentials');
      asked.push({ token: String(Object(token).value), length: Object(token).length });
      give('context', context as Holder);
      giveName(from as Holder, client);
      giveBuffer(output as GssBuffer, response);
      (resultFlags as number[])[0] = flags;
      if (mechanism === null) return;
      const elements = Buffer.from(mechanism, 'hex');
      const at: bigint = koffi.alloc(oid, 1);
      koffi.encode(at, oid, { length: elements.length, elements: memory(elements) });
      (kind as Holder)[0] = at;
    },
    gss_inquire_context([, context, , target]) {
      assert.equal(outstanding.get(context as bigint), 'context');
      giveName(target as Holder, service);
    },
    gss_display_name([, name, text]) {
      const bytes = names.get(name as bigint);
      assert.ok(bytes !== undefined && outstanding.get(name as bigint) === 'name');
      giveBuffer(text as GssBuffer, bytes);
    },
    gss_display_status([, , , , more, text]) {
      const [at = 0] = more as number[];
      (more as number[])[0] = at + 1 < messages ? at + 1 : 0;
      giveBuffer(text as GssBuffer, message);
    },
    gss_release_buffer([, buffer]) {
      const given = buffer as GssBuffer;
      if (given.value !== null) back('buffer', [given.value]);
      Object.assign(given, { length: 0, value: null });
    },
    gss_release_name: ([, name]) => back('name', name as Holder),
    gss_release_cred: ([, credentials]) => back('credentials', credentials as Holder),
    gss_delete_sec_context: ([, context]) => back('context', context as Holder),
  };
  const mit = declareMitKerberos(koffi, {
    func: (name) => {
      const work = functions[name];
      if (work === undefined) throw new Error(`no ${name}`);
      return (...given) => {
        called.push(name);
        const status = statuses[name] ?? 0;
        (given[0] as number[])[0] = status === 0 ? 0 : 99;
        // A function that fails at once allocates nothing.
        if (status >>> 16 === 0 || name === 'gss_accept_sec_context') work(given);
        return status;
      };
    },
  });
  return { mit, outstanding, called, asked };
}

function hexOf(set: unknown): string[] {
  const { count, elements }: { count: number; elements: { length: number; elements: Buffer }[] } = Object(set);
  assert.equal(count, elements.length);
  for (const each of elements) assert.equal(each.length, each.elements.length);
  return elements.map((each) => each.elements.toString('hex'));
}

function accepted(script: Script) {
  const { mit, outstanding, ...seen } = libraryFor(script);
  try {
    return { answer: mit.accept(TOKEN, STORE), ...seen };
  } finally {
    assert.deepEqual([...outstanding.values()], [], 'something was not freed');
  }
}

describe('MIT Kerberos', () => {
  it('is called for Kerberos only, with this keytab and replay cache, and for any service name', () => {
    const { answer, asked } = accepted({});
    assert.deepEqual(answer, {
      client: 'alice@R',
      service: 'HTTP/sso@R',
      isKerberos: true,
      isAnonymous: false,
      response: Buffer.from('response'),
    });
    assert.deepEqual(asked, [
      {
        name: null,
        mechanisms: [KRB5, SPNEGO],
        usage: 2,
        store: [
          { key: 'keytab', value: STORE.keytab },
          { key: 'rcache', value: STORE.rcache },
        ],
      },
      { negotiated: [KRB5] },
      { token: 'token', length: 5 },
    ]);
  });

  it('reports other mechanisms and anonymous tickets', () => {
    for (const mechanism of [null, '', SPNEGO, '2b06010401823702020a', `${KRB5}00`, KRB5.replace(/02$/, '03')]) {
      assert.equal(accepted({ mechanism }).answer?.isKerberos, false, String(mechanism));
    }
    assert.equal(accepted({ flags: 64 | 2 }).answer?.isAnonymous, true);
    assert.equal(accepted({ response: Buffer.alloc(0) }).answer?.response.length, 0);
  });

  it('returns nothing if the library needs another token or adds a supplementary status', () => {
    for (const status of [1, 2, 4, 3]) {
      const { answer, called } = accepted({ statuses: { gss_accept_sec_context: status } });
      assert.equal(answer, undefined);
      assert.ok(!called.includes('gss_display_name'));
    }
  });

  it('frees everything if a function fails, and reports why', () => {
    for (const name of [
      ...['gss_acquire_cred_from', 'gss_set_neg_mechs', 'gss_accept_sec_context'],
      ...['gss_inquire_context', 'gss_display_name'],
    ]) {
      const statuses = { [name]: GSS_S_FAILURE };
      assert.throws(() => accepted({ statuses }), { message: 'what it is: what it is' }, name);
      assert.throws(() => accepted({ statuses: { ...statuses, gss_display_status: GSS_S_FAILURE } }), {
        message: 'GSS-API: error 0xd0000',
      });
    }
  });

  it('reads names to their last byte, and rejects missing names and invalid UTF-8', () => {
    const zero = Buffer.from('alice\0@R\uFEFF');
    assert.equal(accepted({ client: zero }).answer?.client, 'alice\0@R\uFEFF');
    assert.equal(accepted({ client: Buffer.from('\uFEFFalice@R') }).answer?.client, '\uFEFFalice@R');
    assert.throws(() => accepted({ client: Buffer.from('ff406552', 'hex') }), /not UTF-8/);
    for (const who of ['client', 'service']) assert.throws(() => accepted({ [who]: null }), /did not return a name/);
  });

  it('limits everything that it reads', () => {
    assert.equal(accepted({ response: Buffer.alloc(65_536, 1) }).answer?.response.length, 65_536);
    assert.throws(() => accepted({ response: Buffer.alloc(65_537) }), /65537 bytes, more than 65536/);
    assert.throws(() => accepted({ service: Buffer.alloc(65_537, 97) }), /more than 65536/);
    const failing = { statuses: { gss_accept_sec_context: GSS_S_FAILURE } };
    assert.throws(() => accepted({ ...failing, message: Buffer.alloc(262_145, 97) }), /more than 262144/);
    assert.throws(
      () => accepted({ ...failing, messages: Number.POSITIVE_INFINITY }),
      (error: unknown) => Object(error).message.match(/what it is/g).length === 16,
    );
  });
});
