/** Which attributes a mapper reads, as its source says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attributesReadBy, mapperSpelling } from './mapper-attributes.ts';

describe('attributes that a mapper reads', () => {
  const named: [title: string, source: string, names: string[]][] = [
    ['properties', 'module.exports = function (raw) { return { id: raw.uid, mail: raw.mail }; };', ['uid', 'mail']],
    ['a callback', 'module.exports = function map(raw, callback) { callback(null, { id: raw.uid }); };', ['uid']],
    ['an arrow function', 'module.exports = (raw) => ({ id: raw.uid });', ['uid']],
    ['an arrow function without parentheses', 'module.exports = async raw => ({ id: raw?.uid });', ['uid']],
    ['`exports` alone', 'exports = module.exports = function (raw_data) { return { id: raw_data.uid } }', ['uid']],
    [
      'names with options',
      'module.exports = function (raw) { return { id: raw[\'mail;lang-de\'], x: raw["ms-DS-x"] }; };',
      ['mail;lang-de', 'ms-DS-x'],
    ],
    [
      'destructuring',
      'module.exports = function (raw) { const { uid, mail: email = 1 } = raw; return { id: uid, email }; };',
      ['uid', 'mail'],
    ],
    ['a destructured parameter', "module.exports = ({ uid, 'x-y': z }) => ({ id: uid, z });", ['uid', 'x-y']],
    ['a test for presence', "module.exports = function (raw) { return { id: raw.uid, is: 'mail' in raw }; };", ['uid', 'mail']],
    ['comments', '// raw is the entry\n/* return raw */ module.exports = function (raw) { return { id: raw.uid }; }; // raw', ['uid']],
    ['a URL in a string', "module.exports = function (raw) { return { id: raw.uid, url: 'http://x/' + raw.cn }; };", ['uid', 'cn']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a mapper
    ['a template', 'module.exports = function (raw) { return { id: `${raw.uid}//${raw.cn}` }; };', ['uid', 'cn']],
    ['a regular expression', 'module.exports = function (raw) { return { id: raw.dn.replace(/\\/\\/ "/, raw.uid) }; };', ['dn', 'uid']],
  ];
  for (const [title, source, names] of named) {
    it(`are the named ones with ${title}`, () => assert.deepEqual(attributesReadBy(source)?.sort(), names.sort()));
  }

  const unnamed: [title: string, source: string][] = [
    ['the entry is returned', 'module.exports = function (raw) { raw.x = 1; return raw; };'],
    ['the keys of the entry are listed', 'module.exports = function (raw) { return { id: raw.uid, all: Object.keys(raw) }; };'],
    ['a loop iterates over the entry', 'module.exports = function (raw) { for (var k in raw) {} return { id: raw.uid }; };'],
    ['a name is computed', "module.exports = function (raw) { return { id: raw['u' + 'id'] }; };"],
    ['a name is a variable', 'module.exports = function (raw) { var k = "uid"; return { id: raw[k] }; };'],
    ['the entry is spread', 'module.exports = (raw) => ({ ...raw, id: raw.uid });'],
    ['the rest is taken', 'module.exports = function (raw) { const { uid, ...others } = raw; return { id: uid, others }; };'],
    ['the rest of a parameter is taken', 'module.exports = ({ uid, ...others }) => ({ id: uid, others });'],
    ['the entry is assigned to another variable', 'module.exports = function (raw) { var r = raw; return { id: r.uid }; };'],
    [
      'the entry is passed to another function',
      'module.exports = function (raw) { return helper(raw); }; function helper(r) { return { id: r.uid }; }',
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a mapper
    ['a template contains the entry', 'module.exports = function (raw) { return { id: `${JSON.stringify(raw)}` }; };'],
    ['arguments are used', 'module.exports = function (raw) { return { id: arguments[0].uid }; };'],
    ['the function is elsewhere', 'function map(raw) { return { id: raw.uid }; } module.exports = map;'],
    ['the source is not a program', 'module.exports = function (raw) { return { id: raw.uid '],
  ];
  for (const [title, source] of unnamed) it(`may be any if ${title}`, () => assert.equal(attributesReadBy(source), undefined));
});

it('a mapper that may read any attribute determines the spelling of those it names', () => {
  const spell = mapperSpelling(
    "module.exports = function (raw) { var r = raw; return { id: r.uid, x: r['Mail;lang-de'], c: r.cn || 'CN' + r.y + 'SN=' }; };",
  );
  assert.deepEqual(['UID', 'mail;lang-de', 'cn', 'CN', 'sn', 'Other'].map(spell), ['uid', 'Mail;lang-de', 'cn', 'CN', 'sn', 'Other']);
});
