/** Published mappers give the same results in the sandbox as in Node. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { createProfileMapper } from './profile-mapper.ts';

const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
const require = createRequire(import.meta.url);

/** `S-1-5-21-1-2-3-500` and some bytes of a photo. */
const SID = Buffer.from('010500000000000515000000010000000200000003000000f4010000', 'hex');
const GUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

const ENTRY = {
  dn: 'CN=Zoë Ångström,OU=Staff,DC=corp,DC=example',
  controls: [],
  cn: 'Zoë Ångström',
  uid: ['zoe', 'zangstrom'],
  sn: 'Ångström',
  givenName: ['Zoë', 'Zoe'],
  mail: ['Zoe@Corp.Example', 'z@corp.example'],
  proxyAddresses: ['SMTP:zoe@corp.example', 'smtp:z@corp.example', 'X500:/o=x'],
  sAMAccountName: 'zoe',
  employeeNumber: '004711',
  whenCreated: '20240102030405.0Z',
  accountExpires: '133000000000000000',
  userAccountControl: '66048',
  thumbnailPhoto: Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
  rawSid: SID,
  rawGuid: GUID,
  groups: ['VPN Users', 'App-Admin', 'App-User'],
  organizationUnits: ['Staff'],
  ldapStatus: 'active',
};

const CORPUS: [title: string, source: string][] = [
  ['emails as texts', `module.exports = function (raw_data) { return { id: raw_data.uid[0], emails: [].concat(raw_data.mail) }; };`],
  [
    'claims at the top level',
    `module.exports = function (r) { return { id: r.uid[0], email: r.mail[0], given_name: r.givenName[0], family_name: r.sn, name: r.cn }; };`,
  ],
  ['a numeric id', `module.exports = function (r) { return { id: parseInt(r.employeeNumber, 10) }; };`],
  [
    'an id by new Buffer',
    `module.exports = function (r) { return { id: 'ldap|' + new Buffer(r.uid[0]).toString('base64'), n: new Buffer(3).toString('hex'), c: Buffer('x').toString('hex') }; };`,
  ],
  [
    'a callback',
    `exports = module.exports = function (r, cb) { if (!r.mail) return cb(new Error('no mail')); cb(null, { id: r.uid[0] }); };`,
  ],
  [
    'a callback after a timer',
    `module.exports = function (r, callback) { setTimeout(function () { callback(null, { id: r.uid[1] }); }, 50); };`,
  ],
  [
    'timers in their order',
    `module.exports = async function (r) { const seen = []; setTimeout(() => seen.push('c'), 20); setTimeout((x) => seen.push(x), 10, 'b'); setImmediate(() => seen.push('a')); const no = setTimeout(() => seen.push('never'), 5); clearTimeout(no); await new Promise((ok) => setTimeout(ok, 30)); return { seen }; };`,
  ],
  [
    'an interval',
    `module.exports = (r, cb) => { let n = 0; const id = setInterval(() => { if (++n === 3) { clearInterval(id); cb(null, { n }); } }, 1); };`,
  ],
  [
    'process.nextTick and queueMicrotask',
    `module.exports = (r, cb) => process.nextTick((a) => queueMicrotask(() => cb(null, { a })), 'x');`,
  ],
  [
    'an async function',
    `module.exports = async (r) => { const wait = (ms) => new Promise((ok) => setTimeout(ok, ms)); await wait(1); return { id: r.uid[0] }; };`,
  ],
  [
    'promisify',
    `const { promisify } = require('util'); const look = promisify((name, cb) => setTimeout(() => cb(null, name + '!'), 1)); module.exports = async (r) => ({ id: await look(r.cn) });`,
  ],
  [
    'md5 of the mail for Gravatar',
    `var crypto = require('crypto'); module.exports = function (r) { var h = crypto.createHash('md5').update(r.mail[0].trim().toLowerCase()).digest('hex'); return { id: r.uid[0], picture: 'https://www.gravatar.com/avatar/' + h + '?d=mm' }; };`,
  ],
  [
    'hashes and HMACs',
    `const c = require('node:crypto'); module.exports = (r) => ({ a: c.createHash('sha256').update(r.cn).update(r.rawSid).digest('base64'), b: c.createHash('SHA1').update(r.cn, 'latin1').digest('hex'), h: c.createHmac('sha512', 'key').update(r.cn).digest('base64url'), l: c.createHash('sha256').update('x').digest().length, o: c.hash('sha1', r.cn) });`,
  ],
  [
    'a SID from bytes',
    `module.exports = function (r) { var b = r.rawSid, parts = ['S', b[0], b.readUIntBE(2, 6)]; for (var i = 0; i < b[1]; i++) parts.push(b.readUInt32LE(8 + 4 * i)); return { sid: parts.join('-') }; };`,
  ],
  [
    'a GUID from bytes',
    `module.exports = function (r) { const b = r.rawGuid; const hex = (s, e) => b.slice(s, e).reverse().toString('hex'); const copy = Buffer.from(b); const part = copy.slice(0, 4).reverse(); return { a: part.toString('hex'), b: copy.toString('hex', 8), c: b.toString('base64'), le: b.readUInt16LE(4).toString(16), be: b.readInt32BE(0), d: b.readDoubleLE(0), big: String(b.readBigUInt64LE(0)), i8: b.readInt8(15), iu: b.readIntLE(12, 3) }; };`,
  ],
  [
    'a photo as a data URL',
    `module.exports = (r) => ({ picture: 'data:image/jpeg;base64,' + r.thumbnailPhoto.toString('base64'), n: r.thumbnailPhoto.length, is: Buffer.isBuffer(r.thumbnailPhoto), u: r.thumbnailPhoto instanceof Uint8Array });`,
  ],
  [
    'building Buffers',
    `module.exports = (r) => { const a = Buffer.alloc(4, 'ab'), b = Buffer.concat([a, Buffer.from([1, 2, 300]), Buffer.from('c3a9', 'hex')]); b.writeUInt16BE(513, 0); b.fill(7, 2, 4); return { hex: b.toString('hex'), eq: b.equals(Buffer.from(b)), cmp: Buffer.compare(a, b), at: b.indexOf(Buffer.from('c3', 'hex')), has: b.includes('é'), len: Buffer.byteLength('é€'), json: JSON.stringify(a), cut: b.subarray(1, 3).toString('hex'), cc: Buffer.concat([a, b], 6).toString('hex'), map: Buffer.from([1, 2]).map((x) => x * 2).toString('hex'), w: Buffer.alloc(5).write('é€x'), u: Buffer.from(new Uint8Array([1, 2]).buffer, 1, 1).toString('hex'), back: Buffer.from(JSON.parse(JSON.stringify(a))).toString(), text: String(Buffer.from('x')), cat: Buffer.from('é') + '', names: [...Buffer.from('ab').entries()].join() }; };`,
  ],
  [
    'encodings',
    `module.exports = (r) => Object.fromEntries(['utf8', 'UTF-8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'utf16le', 'ucs2'].map((e) => [e, Buffer.from(Buffer.from(r.cn).toString(e), e).toString('hex')]));`,
  ],
  [
    'btoa and atob',
    `module.exports = (r) => ({ a: btoa('user:' + r.sAMAccountName), b: atob('dXNlcjp6b2U='), c: (() => { try { return btoa('€'); } catch { return 'no'; } })() });`,
  ],
  [
    'TextEncoder and TextDecoder',
    `module.exports = (r) => ({ n: new TextEncoder().encode(r.cn).length, t: new TextDecoder().decode(r.rawSid.slice(0, 2)), e: new TextDecoder('utf-8').decode(new TextEncoder().encode('é')) });`,
  ],
  [
    'a URL',
    `module.exports = (r) => { const u = new URL('/u/' + r.uid[0] + '?a=1', 'https://wiki.example:8443/x'); u.searchParams.set('q', r.cn + ' &+~'); u.searchParams.append('q', '2'); u.hash = 'top'; const p = new URLSearchParams('?x=1&y=a+b%20c&x=%E2%82%AC'); return { href: u.href, host: u.host, port: u.port, q: u.searchParams.getAll('q'), s: u.search, o: u.origin, str: String(u), json: JSON.stringify({ u }), x: p.getAll('x'), y: p.get('y'), no: p.get('z'), t: p.toString(), k: [...new URLSearchParams({ a: 1, b: "it's" })].join('|'), can: URL.canParse('nope') }; };`,
  ],
  [
    'a broken URL',
    `module.exports = (r) => { try { new URL('nope'); } catch (e) { return { name: e.name, is: e instanceof TypeError }; } };`,
  ],
  [
    'util.format and inherits',
    `var util = require('util'); function A() {} A.prototype.hi = function () { return 'hi'; }; function B() { A.call(this); } util.inherits(B, A); module.exports = function (r) { return { id: util.format('%s|%d|%j|%%|%i', r.uid[0], '42', { a: 1 }, 7.5, 'more'), hi: new B().hi(), arr: util.isArray(r.uid) }; };`,
  ],
  [
    'groups as roles',
    `module.exports = function (raw) { var roles = (raw.groups || []).filter(function (g) { return g.indexOf('App-') === 0; }).map(function (g) { return g.substr(4).toLowerCase(); }).sort(); return { id: raw.uid[0], app_metadata: { roles: roles }, groups: undefined }; };`,
  ],
  [
    'the primary address',
    `module.exports = (r) => { const primary = r.proxyAddresses.find((a) => a.startsWith('SMTP:')); return { id: r.uid[0], emails: [{ value: primary?.slice(5) ?? r.mail }] }; };`,
  ],
  [
    'dates of Active Directory',
    `module.exports = (r) => ({ expires: new Date(Number(BigInt(r.accountExpires) / 10000n - 11644473600000n)).toISOString(), created: r.whenCreated.replace(/^(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d).*$/, '$1-$2-$3T$4:$5:$6Z'), disabled: !!(r.userAccountControl & 2) });`,
  ],
  [
    'accents',
    `module.exports = (r) => ({ id: r.cn.normalize('NFD').replace(/[\\u0300-\\u036f]/g, '').toLowerCase().split(/\\s+/).join('.'), up: r.sn.toLocaleUpperCase(), p: r.cn.match(/\\p{Lu}/gu), cmp: 'a'.localeCompare('b') });`,
  ],
  [
    'old style with a global and this',
    `var self = this; counter = 0; module.exports = function () { counter++; var args = Array.prototype.slice.call(arguments); return { id: args[0].uid[0], n: counter, self: self === exports, g: typeof global.setTimeout, wt: typeof require }; };`,
  ],
  [
    'a class',
    `class Mapper { #prefix = 'ad|'; static of(r) { return new Mapper().map(r); } map({ sAMAccountName: id, ...rest }) { return { id: this.#prefix + id, n: Object.keys(rest).length }; } } module.exports = Mapper.of;`,
  ],
  [
    'a mapper made at start',
    `const names = { mail: 'email', cn: 'name' }; const make = (map) => (raw) => Object.entries(map).reduce((p, [from, to]) => ({ ...p, [to]: [].concat(raw[from])[0] }), { id: raw.uid[0] }); module.exports = make(names);`,
  ],
  [
    'console.log',
    `module.exports = function (raw) { console.log('mapping %s', raw.uid, { a: 1 }); console.error(new Error('x')); return { id: raw.uid[0] }; };`,
  ],
  ['process.env', `module.exports = (r) => ({ none: process.env.NO_SUCH_VARIABLE || 'default', type: typeof process.env });`],
];

test('published mappers give the same profile in the sandbox as in Node', async (t) => {
  for (const [title, source] of CORPUS) {
    await t.test(title, async () => {
      const mapper = createProfileMapper({ source, timeoutMs: 5000, memoryLimitMb: 16, log });
      try {
        await mapper.ready();
        assert.deepEqual(await mapper.map(ENTRY), await inNode(source));
      } finally {
        await mapper.close();
      }
    });
  }
});

/** As a replaced connector runs it, and sends the result. */
async function inNode(source: string): Promise<unknown> {
  const module: { exports: unknown } = { exports: {} };
  const quiet = { log() {}, error() {} };
  new Function('exports', 'require', 'module', 'console', source).call(module.exports, module.exports, require, module, quiet);
  const map = module.exports;
  assert.ok(typeof map === 'function');
  const raw = structuredClone(ENTRY);
  for (const name of ['thumbnailPhoto', 'rawSid', 'rawGuid'] as const) raw[name] = Buffer.from(ENTRY[name]);
  const profile = await (map.length >= 2
    ? new Promise((resolve, reject) => map(raw, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result))))
    : map(raw));
  return JSON.parse(JSON.stringify(profile));
}

test('gives every user different random numbers, ids and bytes', async () => {
  const source = `const c = require('crypto'); module.exports = () => ({ n: Math.random(), u: c.randomUUID(), b: c.randomBytes(8).toString('hex') });`;
  const mapper = createProfileMapper({ source, timeoutMs: 5000, memoryLimitMb: 16, log });
  const profiles = await Promise.all(Array.from({ length: 20 }, () => mapper.map({})));
  await mapper.close();
  for (const key of ['n', 'u', 'b']) assert.equal(new Set(profiles.map((profile) => profile[key])).size, 20, key);
  assert.match(String(profiles[0]?.u), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
