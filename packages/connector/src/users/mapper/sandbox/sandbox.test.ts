import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CodedError, createLog } from '@landbridge/runtime';
import { createProfileMapper, type ProfileMapper } from '../profile-mapper.ts';
import { createEngine } from './engine.ts';

const lines: string[] = [];
const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });
const mappers: ProfileMapper[] = [];
after(() => Promise.all(mappers.map((mapper) => mapper.close())));

/** A mapper with this function body. */
function mapperOf(body: string, timeoutMs = 2000): ProfileMapper {
  return mapperFrom(`module.exports = function (raw) {${body}\n}`, timeoutMs);
}

function mapperFrom(source: string, timeoutMs = 2000): ProfileMapper {
  const mapper = createProfileMapper({ source, timeoutMs, memoryLimitMb: 16, log });
  mappers.push(mapper);
  return mapper;
}

function failsWith(code: string, text: RegExp = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };
}

test('runs the default mapper without a worker if there is no source', async () => {
  const mapper = createProfileMapper({ source: undefined, timeoutMs: 1000, memoryLimitMb: 16, log });
  await mapper.ready();
  assert.deepEqual(await mapper.map({ cn: 'x' }), { id: 'x', name: {}, nickname: 'x' });
  await mapper.close();
});

test('accepts a returned profile, a callback or a promise', async () => {
  const expected = { id: 'ada', groups: ['a', 'b'] };
  const raw = { uid: 'ada', groups: ['a', 'b'] };
  const body = '{ id: raw.uid, groups: raw.groups }';
  for (const source of [
    `module.exports = (raw) => (${body})`,
    `module.exports = function (raw, callback) { callback(null, ${body}); }`,
    `module.exports = function (raw, callback) { Promise.resolve().then(() => callback(null, ${body})); }`,
    `module.exports = async function (raw) { await null; return ${body}; }`,
    `\uFEFFconst make = (raw) => (${body}); module.exports = make;`,
  ]) {
    assert.deepEqual(await mapperFrom(source).map(raw), expected, source);
  }
});

test('passes binary attributes as Buffers with encodings', async () => {
  const photo = Buffer.from([0, 0xff, 0x10, 0x80]);
  const mapper = mapperOf(`return {
    base64: raw.photo.toString('base64'), hex: raw.photos[1].toString('hex'), part: raw.photo.toString('hex', 1, 3),
    text: raw.name.toString(), length: raw.photo.length, first: raw.photo[1], isBuffer: Buffer.isBuffer(raw.photo),
    again: Buffer.from(raw.photo.toString('base64'), 'base64').toString('hex'), photo: raw.photo }`);
  assert.deepEqual(await mapper.map({ photo, photos: ['x', photo], name: Buffer.from('Zoë') }), {
    base64: photo.toString('base64'),
    hex: '00ff1080',
    part: 'ff10',
    text: 'Zoë',
    length: 4,
    first: 255,
    isBuffer: true,
    again: '00ff1080',
    photo: { type: 'Buffer', data: [0, 255, 16, 128] },
  });
});

test('logs a limited number of console lines at debug level', async () => {
  await mapperOf(`for (let i = 0; i < 10000; i++) console.log('looking at', raw, i); return {}`).map({ uid: 'console-user' });
  const written = lines.filter((line) => line.includes('console-user'));
  assert.equal(written.length, 20);
  assert.match(written[0] ?? '', /looking at .*console-user.* 0/);
});

test('reports the line of a syntax error, at start and for each mapping', async () => {
  const mapper = mapperFrom('const a = 1;\nmodule.exports = function (raw) {\n  return {;\n};\n');
  await assert.rejects(mapper.ready(), failsWith('MAPPER_SYNTAX', /line 3/));
  await assert.rejects(mapper.map({}), failsWith('MAPPER_SYNTAX', /line 3/));
  assert.ok(lines.some((line) => line.includes('failed to load') && line.includes('MAPPER_SYNTAX')));
});

test('rejects a source of 10 MB without running it', () => {
  assert.throws(() => mapperFrom(' '.repeat(10 * 1024 * 1024)), failsWith('MAPPER_SYNTAX', /characters/));
});

test('reports a module that exports no function, or throws while loading', async () => {
  await assert.rejects(mapperFrom('exports.default = () => ({})').ready(), failsWith('MAPPER_FAILED', /module\.exports/));
  await assert.rejects(mapperFrom('\n\nmissing()').map({}), failsWith('MAPPER_FAILED', /missing.*line 3/));
  await assert.rejects(
    mapperFrom(`const fs = require('fs')`).map({}),
    failsWith('MAPPER_FAILED', /require\(fs\) is not available.*line 1/),
  );
});

test('stops an endless loop, and runs the next mapping', async () => {
  const mapper = mapperOf('if (raw.loop) for (;;); return { id: 1 }', 500);
  await assert.rejects(mapper.map({ loop: 'yes' }), failsWith('MAPPER_TIMEOUT', /500 ms/));
  assert.deepEqual(await mapper.map({}), { id: 1 });
});

test('stops loops in catch blocks, promises, getters, thrown values, regular expressions and the module itself', async () => {
  for (const body of [
    'for (;;) { try { for (;;); } catch {} }',
    'const again = () => { Promise.resolve().then(again); }; again(); return {}',
    'return { get id() { for (;;); } }',
    'throw { toJSON() { for (;;); } }',
    'const error = new Error(); Object.defineProperty(error, "stack", { get() { for (;;); } }); throw error',
    'return /^(a+)+$/.test("a".repeat(60) + "b")',
  ]) {
    await assert.rejects(mapperOf(body, 500).map({}), failsWith('MAPPER_TIMEOUT'), body);
  }
  await assert.rejects(mapperFrom('for (;;);', 500).map({}), failsWith('MAPPER_TIMEOUT'));
});

test('replaces the worker if a loop inside a built-in cannot be interrupted', async () => {
  const mapper = mapperOf('if (raw.loop) Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); return { id: 1 }', 500);
  await assert.rejects(mapper.map({ loop: 'yes' }), failsWith('MAPPER_TIMEOUT'));
  assert.deepEqual(await mapper.map({}), { id: 1 });
});

test('fails only the mapping that cannot be stopped, and maps the others that were sent with it', async () => {
  const mapper = mapperOf('if (raw.loop) Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); return { id: raw.uid }', 500);
  await mapper.ready();
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => mapper.map({ uid: n, ...(n === 7 ? { loop: true } : {}) })),
  );
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value.id : 'failed')),
    Array.from({ length: 20 }, (_, n) => (n === 7 ? 'failed' : n)),
  );
});

test('leaves no byte of a mapping in the memory of the engine', async (t) => {
  for (const [title, body] of [
    ['a profile', 'return { id: raw.secret }'],
    ['a table of the module', 'table.set(Array.from(raw.secret, (c) => c.charCodeAt(0)), 500000); return {}'],
    ['a global and a prototype', 'globalThis.kept = raw.secret; Object.prototype.kept = raw.secret; return {}'],
    ['much memory', 'globalThis.kept = Array.from({ length: 20000 }, (_, n) => raw.secret + n); return {}'],
    ['a deep stack', 'const f = (n) => (n === 0 ? raw.secret : f(n - 1) + n); return { id: f(300) }'],
    ['an exception', 'throw new Error(raw.secret)'],
    ['an interruption', 'globalThis.kept = raw.secret + 1; for (;;);'],
    ['an exhausted memory', 'const all = []; for (;;) all.push(raw.secret + all.length);'],
    ['pending promises', 'Promise.resolve(raw.secret).then((x) => new Promise(() => x)); return new Promise(() => raw.secret)'],
  ] as const) {
    await t.test(title, async () => {
      const engine = await createEngine(
        {
          source: `const table = new Uint8Array(1000000); module.exports = function (raw) { ${body} }`,
          timeoutMs: 300,
          memoryLimitMb: 16,
          environment: {},
          progress: new SharedArrayBuffer(4),
        },
        () => {},
      );
      const before = Buffer.from(engine.memory.buffer.slice(0));
      for (const secret of ['correct-horse-battery', 'staple-purple-monkey']) {
        engine.map({ rawJson: JSON.stringify({ secret }), binaryPaths: '[]', binaries: [] });
        const after = Buffer.from(engine.memory.buffer);
        assert.equal(after.includes(secret), false);
        assert.ok(after.equals(before));
      }
    });
  }
});

test('stops a mapper at the memory limit, and runs the next mapping', async () => {
  for (const bomb of [
    'const all = []; for (;;) all.push(new Array(1000).fill(1));',
    'const all = []; for (;;) all.push(new Uint8Array(1000000));',
    'return { id: new ArrayBuffer(1024 * 1024 * 1024) }',
    'const all = []; for (;;) all.push({});',
    'const again = () => Promise.resolve().then(again); return again()',
    'const all = []; for (;;) { try { for (;;) all.push({}); } catch { break; } } throw new Error("out of memory")',
  ]) {
    const mapper = mapperOf(`if (raw.bomb) { ${bomb} } return { id: 1 }`, 10_000);
    await assert.rejects(mapper.map({ bomb: 'yes' }), failsWith('MAPPER_MEMORY'), bomb);
    assert.deepEqual(await mapper.map({}), { id: 1 }, bomb);
  }
});

test('fails a mapping with endless recursion, and runs the next one', async () => {
  const mapper = mapperOf('if (raw.deep) { (function f() { f(); })(); } return { id: 1 }');
  await assert.rejects(mapper.map({ deep: 'yes' }), failsWith('MAPPER_FAILED', /call stack/));
  assert.deepEqual(await mapper.map({}), { id: 1 });
});

test('shows a mapping nothing of an earlier one', async () => {
  const mapper = mapperFrom(`let seen = [];
    module.exports = function (raw) {
      const before = { seen: seen.length, polluted: ({}).polluted ?? null, stolen: globalThis.stolen ?? null };
      seen.push(raw.uid); globalThis.stolen = raw.uid; Object.prototype.polluted = raw.uid;
      JSON.stringify = () => '{"profile":{"id":"forged"},"console":[]}';
      Promise.resolve().then(function again() { globalThis.stolen = raw.uid; });
      return before;
    }`);
  for (const uid of ['ada', 'bob', 'cy']) assert.deepEqual(await mapper.map({ uid }), { seen: 0, polluted: null, stolen: null });
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

test('offers no files, network, environment, packages, or way to the host through a constructor', async () => {
  const names = ['require_', 'fetch', 'WebAssembly', 'Worker', 'XMLHttpRequest', 'std', 'os', 'navigator'];
  process.env.LDAP_BIND_PASSWORD_FOR_TEST = 'secret';
  const mapper = mapperOf(`return {
    there: ${JSON.stringify(names)}.filter((name) => typeof globalThis[name] !== 'undefined'), process: Object.keys(process), env: process.env.LDAP_BIND_PASSWORD_FOR_TEST ?? null,
    host: String(console.log.constructor('return typeof process.binding')()) + String(Buffer.from.constructor('return typeof process.mainModule')()) }`);
  assert.deepEqual(await mapper.map({}), { there: [], process: ['env', 'nextTick'], env: null, host: 'undefinedundefined' });
  for (const name of ['fs', 'node:fs', 'child_process', 'net', 'http', 'vm', 'lodash', './other', '__proto__', 'constructor']) {
    await assert.rejects(
      mapperOf(`return require(${JSON.stringify(name)})`).map({}),
      failsWith('MAPPER_FAILED', /is not available.*line 1/),
      name,
    );
  }
  await assert.rejects(mapperOf(`return import('node:fs').then((fs) => ({ id: Object.keys(fs) }))`).map({}), failsWith('MAPPER_FAILED'));
  await assert.rejects(mapperOf(`return eval("import('node:fs')")`).map({}), failsWith('MAPPER_FAILED'));
  await assert.rejects(mapperOf(`Buffer.from('x', 'rot13'); return {}`).map({}), failsWith('MAPPER_FAILED', /encoding/));
});

test('fails a promise or callback that can never settle at once, not at the time limit', async () => {
  await assert.rejects(mapperOf('return new Promise(() => {})', 60_000).map({}), failsWith('MAPPER_FAILED', /neither returned/));
  await assert.rejects(mapperFrom('module.exports = function (raw, callback) {}', 60_000).map({}), failsWith('MAPPER_FAILED', /callback/));
});

test('reports anything thrown in a text of limited length', async (t) => {
  for (const [thrown, text] of [
    ['undefined', /threw undefined/],
    ['"x".repeat(1000000)', /x{100}/],
    ['Symbol("s")', /Symbol\(s\)/],
    ['{ toString() { throw 1; } }', /threw/],
    ['new Proxy({}, { get() { throw null; }, getPrototypeOf() { throw null; } })', /cannot be displayed/],
    ['new TypeError("no mail")', /TypeError: no mail \(line 1\)/],
    ['Object.assign(new Error(), { message: { toString() { throw 2; } } })', /Error: \{\}/],
  ] as const) {
    await t.test(thrown, () =>
      assert.rejects(mapperOf(`throw ${thrown}`).map({}), (error) => {
        failsWith('MAPPER_FAILED', text)(error);
        assert.ok(error instanceof Error && error.message.length < 700);
        return true;
      }),
    );
  }
  await assert.rejects(
    mapperFrom('module.exports = function (raw, callback) { callback(new Error("no such user")); }').map({}),
    failsWith('MAPPER_FAILED', /no such user/),
  );
  await assert.rejects(mapperOf('return Promise.reject("later")').map({}), failsWith('MAPPER_FAILED', /later/));
});

test('rejects results that are not profiles: nothing, text, arrays, cycles, too large, too deep', async (t) => {
  for (const [result, text] of [
    ['undefined', /result is undefined/],
    ['null', /result is null/],
    ['"text"', /result is "text"/],
    ['[1]', /result is \[1\]/],
    ['(() => { const a = {}; a.a = a; return a; })()', /circular/i],
    ['{ id: "x".repeat(2000000) }', /characters long/],
    ['{ id: 10n }', /BigInt/i],
    ['(() => { let a = {}; for (let i = 0; i < 2000; i++) a = { a }; return a; })()', /deeper than 100/],
    ['{ toJSON() { return "not a profile"; } }', /not a JSON object/],
  ] as const) {
    await t.test(result, () => assert.rejects(mapperOf(`return ${result}`).map({}), failsWith('MAPPER_FAILED', text)));
  }
});

test('changes no prototypes by keys named __proto__, in either direction', async () => {
  const raw: Record<string, unknown> = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": "c", "uid": "u"}');
  const profile = await mapperOf(
    `return { in: raw.polluted ?? null, id: raw.uid, c: raw.constructor, nested: JSON.parse('{"__proto__": {"polluted": 1}, "a": 1}') }`,
  ).map(raw);
  assert.deepEqual(profile, { in: null, id: 'u', c: 'c', nested: { a: 1 } });
  assert.equal(Object.getPrototypeOf(Object.assign({}, profile.nested)), Object.prototype);
});

test('confines a mapper that forges built-ins to its own result', async () => {
  await assert.rejects(
    mapperOf('String.prototype.slice = () => 7; Array.isArray = () => { throw 1 }; return {}').map({}),
    failsWith('MAPPER_FAILED'),
  );
  await assert.rejects(
    mapperOf('Object.prototype.toJSON = function () { return "not the shape"; }; return {}').map({}),
    failsWith('MAPPER_FAILED', /not a JSON object/),
  );
});

test('answers concurrent mappings in order, each with its own result', async () => {
  const mapper = mapperOf('return { id: raw.uid }');
  const profiles = await Promise.all(Array.from({ length: 200 }, (_, n) => mapper.map({ uid: `u${n}` })));
  assert.deepEqual(
    profiles.map((profile) => profile.id),
    Array.from({ length: 200 }, (_, n) => `u${n}`),
  );
});

test('limits the queue, and rejects waiting mappings when closed', async () => {
  const mapper = mapperOf('for (;;);', 30_000);
  const results = await Promise.all([
    ...Array.from({ length: 1100 }, () =>
      mapper.map({}).then(
        () => 'mapped',
        (error: CodedError) => error.code,
      ),
    ),
    mapper.ready().then(() => mapper.close()),
  ]);
  assert.ok(results.slice(0, -1).every((result) => result === 'MAPPER_BUSY'));
  await assert.rejects(mapper.map({}), failsWith('MAPPER_BUSY', /stopping/));
});
