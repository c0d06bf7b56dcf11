/** Unavailable names are found when a mapper is saved, with the line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError, createLog } from '@landbridge/runtime';
import { MISSING_GLOBALS, SANDBOX_MODULES, SANDBOX_PROCESS, unavailableIn } from './available.ts';
import { createProfileMapper } from './profile-mapper.ts';

const HIDDEN = new Set(['LDAP_BIND_PASSWORD', 'COMPANY']);
const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });

test('reports what the sandbox does not offer, with its line', async (t) => {
  for (const [title, source, expected] of [
    [
      'a package at the top',
      `var _ = require('lodash');\nmodule.exports = function (raw) { return _.pick(raw, 'uid'); };`,
      [1, /require\('lodash'\)/],
    ],
    [
      'a file in the function',
      `module.exports = function (raw) {\n  var list = require("fs").readFileSync('x');\n};`,
      [2, /require\('fs'\): a mapper has no files/],
    ],
    ['with the prefix node:', `module.exports = (raw) => {\n\n  return require('node:http').get(raw.url); };`, [3, /require\('http'\)/]],
    [
      'the network',
      `module.exports = async (raw) => {\n  const answer = await fetch('https://x.example/' + raw.uid);\n};`,
      [2, /fetch: a mapper has no network/],
    ],
    [
      'the process',
      `module.exports = function (raw) {\n  if (!raw.uid) process.exit(1);\n};`,
      [2, /process\.exit: the only members of process/],
    ],
    [
      'a secret',
      `module.exports = (raw) => ({\n  id: raw.uid, p: process.env.LDAP_BIND_PASSWORD });`,
      [2, /process\.env\.LDAP_BIND_PASSWORD: .*MAPPER_LDAP_BIND_PASSWORD/],
    ],
    ['a variable by index', `module.exports = (raw) => ({ c: process.env['COMPANY'] });`, [1, /MAPPER_COMPANY/]],
    [
      'a cipher',
      `const crypto = require('crypto');\nmodule.exports = (raw) => ({\n  id: crypto.createCipheriv('aes', 'k', 'i') });`,
      [3, /crypto\.createCipheriv: the sandbox offers createHash/],
    ],
    ['a cipher without a name', `module.exports = (raw) => require('crypto').createSign('x');`, [1, /crypto\.createSign/]],
    [
      'a cipher by destructuring',
      `const { createHash, createCipheriv: c } = require('crypto');\nmodule.exports = (raw) => ({});`,
      [1, /crypto\.createCipheriv/],
    ],
    [
      'an import',
      `module.exports = async (raw) => {\n  const fs = await import('node:fs'); };`,
      [2, /import: a mapper is a CommonJS module/],
    ],
    ['an international format', `module.exports = (raw) => ({ d: new Intl.DateTimeFormat().format(0) });`, [1, /Intl: not available/]],
  ] as const) {
    await t.test(title, () => {
      const [found] = unavailableIn(source, HIDDEN);
      assert.equal(found?.line, expected[0]);
      assert.match(found?.message ?? '', expected[1]);
    });
  }
});

test('accepts names that are available, declared, tested for, inside a try block, or not references at all', async (t) => {
  for (const [title, source] of [
    [
      'hashes',
      `const crypto = require('crypto');\nmodule.exports = (raw) => ({ id: crypto.createHash('md5').update(raw.uid).digest('hex') });`,
    ],
    ['a parameter of that name', `module.exports = function (raw) { return [1].map(function (fetch) { return fetch; }); }`],
    ['a function that the mapper defines', `function fetch(raw) { return raw.uid; }\nmodule.exports = (raw) => ({ id: fetch(raw) });`],
    ['a property', `module.exports = (raw) => ({ fetch: raw.fetch, require: raw.require, window: 1 });`],
    ['a comment and a string', `// require('fs')\nmodule.exports = (raw) => ({ t: "require('fs') fetch()" });`],
    ['typeof', `module.exports = (raw) => (typeof fetch === 'undefined' ? { id: raw.uid } : fetch(raw.uid));`],
    ['try', `let _; try { _ = require('lodash'); } catch { _ = {}; }\nmodule.exports = (raw) => ({ id: raw.uid });`],
    ['a variable that is not set', `module.exports = (raw) => ({ d: process.env.NOT_SET || 'x', m: process.env.MAPPER_COMPANY });`],
    ['broken syntax, which the engine reports', `module.exports = (raw => {`],
  ] as const) {
    await t.test(title, () => assert.deepEqual(unavailableIn(source, HIDDEN), []));
  }
});

test('is rejected before the first sign-in, with one sentence', async () => {
  const mapper = createProfileMapper({
    source: `module.exports = function (raw) {\n  return require('moment')(raw.whenCreated) || fetch('x');\n};`,
    timeoutMs: 2000,
    memoryLimitMb: 16,
    log,
  });
  await assert.rejects(mapper.ready(), (error) => {
    assert.ok(error instanceof CodedError && error.code === 'MAPPER_UNAVAILABLE');
    assert.match(error.message, /require\('moment'\): a mapper has no files, network or packages.*\(line 2; and 1 more\)/);
    return true;
  });
  await mapper.close();
});

test('the list of available names agrees with the sandbox', async () => {
  const mapper = createProfileMapper({
    source: `module.exports = () => ({
      modules: Object.fromEntries(${JSON.stringify(Object.keys(SANDBOX_MODULES))}.map((name) => [name, Object.keys(require(name)).sort()])),
      process: Object.keys(process), missing: ${JSON.stringify(Object.keys(MISSING_GLOBALS))}.filter((name) => name in globalThis) })`,
    timeoutMs: 2000,
    memoryLimitMb: 16,
    log,
  });
  const profile = await mapper.map({});
  await mapper.close();
  const modules = Object.fromEntries(Object.entries(SANDBOX_MODULES).map(([name, members]) => [name, [...members].sort()]));
  assert.deepEqual(profile, { modules, process: SANDBOX_PROCESS, missing: [] });
});
