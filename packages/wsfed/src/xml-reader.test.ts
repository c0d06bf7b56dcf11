/** What is XML and what only resembles it: programs that read tokens have been deceived by the difference. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertRejected } from '../test/tokens.ts';
import { attributeOf, childrenOf, descendantsOf, isNamed, parseXml, textContentOf } from './xml-reader.ts';

async function rejectsEach(t: TestContext, documents: readonly string[], why: RegExp): Promise<void> {
  for (const xml of documents) await t.test(JSON.stringify(xml.slice(0, 80)), () => assertRejected(() => parseXml(xml), why));
}

test('resolves namespaces, references and line ends', () => {
  const root = parseXml(
    '\uFEFF<?xml version="1.0" encoding="utf-16"?>\r\n<p:a xmlns:p="u" xmlns="d" x="1&#10;\n2" p:x="&lt;"><b>&#x41;\r\n&amp;amp;\rB</b>\r\n<p:c xmlns=""><d/></p:c></p:a>\n ',
  );
  assert.ok(isNamed(root, 'u', 'a'));
  assert.equal(attributeOf(root, 'x'), '1\n 2');
  assert.equal(attributeOf(root, 'p:x'), '');
  const [b, c] = childrenOf(root);
  assert.ok(b !== undefined && c !== undefined);
  assert.ok(isNamed(b, 'd', 'b'));
  assert.equal(textContentOf(b), 'A\n&amp;\nB');
  assert.deepEqual(
    descendantsOf(root).map(({ namespace, localName }) => `${namespace}:${localName}`),
    ['d:b', 'u:c', ':d'],
  );
  assertRejected(() => textContentOf(root), /element where text is expected/);
});

test('rejects undeclared prefixes', (t) =>
  rejectsEach(
    t,
    ['<p:a/>', '<a p:b="1"/>', '<a><b xmlns:p="u"/><p:c/></a>', '<a xml:lang="de"/>', '<XML:a/>', '<xmlns:a/>'],
    /undeclared prefix/,
  ));

test('rejects declarations of reserved prefixes, and empty ones', (t) =>
  rejectsEach(
    t,
    ['<a xmlns:xml="urn:evil" xml:b="1"/>', '<a xmlns:xmlns="u"/>', '<p:a xmlns:p="u"><p:b xmlns:p=""/></p:a>'],
    /invalid namespace declaration/,
  ));

test('rejects invalid names', (t) =>
  rejectsEach(
    t,
    ['<a:b:c xmlns:a="u"/>', '<:a/>', '<a:/>', '<a b:="1"/>', '<1a/>', '<ä/>', '<a\u00A0b="1"/>', '<a\u2028/>'],
    /something other than elements/,
  ));

test('rejects duplicate attributes, also under two prefixes of one namespace', async (t) => {
  await rejectsEach(
    t,
    ['<a b="1" b="2"/>', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', '<a xmlns="u" xmlns="v"/>', '<a xmlns:p="u" xmlns:p="v"/>'],
    /duplicate attribute/,
  );
  assert.equal(attributeOf(parseXml('<a xmlns:p="u" p:b="1" b="2"/>'), 'b'), '2');
});

test('rejects mismatched tags', (t) =>
  rejectsEach(
    t,
    ['<a></A>', '<p:a xmlns:p="u" xmlns:q="u"></q:a>', '<a></a b="1">', '<a></a/>', '</a>', '<a/></a>', '<a><b></a></b>'],
    /mismatched tags/,
  ));

test('rejects incomplete documents', (t) => rejectsEach(t, ['<a', '<a><b></b>', '<a>', ''], /incomplete document|something other/));

test('rejects a second root element', (t) => rejectsEach(t, ['<a/><b/>'], /more than one root/));

test('rejects markup that is not well-formed', (t) =>
  rejectsEach(
    t,
    ['x<a/>', '<a/>x', '< a/>', '<a b/>', '<a b=1/>', '<a b="<"/>', '<a b="1"c="2"/>', '<a / >', '<a>]]></a>'],
    /something other than elements/,
  ));

test('rejects characters that XML forbids, also as references', (t) =>
  rejectsEach(
    t,
    [
      ...['<a>\u0000</a>', '<a>\u001b</a>', '<a>\ufffe</a>', '<a>\ud800</a>', '<a b="\u0001"/>'],
      ...['0', 'x0', 'x1F', 'xD800', 'xDFFF', 'xFFFE', 'x110000', '9999999'].flatMap((code) => [
        `<a>&#${code};</a>`,
        `<a b="&#${code};"/>`,
      ]),
    ],
    /invalid character/,
  ));

test('rejects references other than the five entities and characters', (t) =>
  rejectsEach(
    t,
    ['&x;', '&', '&amp', '&#;', '&#x;', '&#-1;', '&#1 ;', '&AMP;', '&#99999999;', '&#xABCDEFG;', '&nbsp;'].map(
      (reference) => `<a>${reference}</a>`,
    ),
    /unknown entity/,
  ));

test('rejects comments, CDATA, processing instructions and document types', (t) =>
  rejectsEach(
    t,
    [
      ...['<!-- -->', '<![CDATA[x]]>', '<?p i?>', '<!ENTITY e "x">'].map((inside) => `<a>${inside}</a>`),
      '<!DOCTYPE a><a/>',
      '<?xml version="1.0"?><?p i?><a/>',
      '<?xml-stylesheet href="x"?><a/>',
    ],
    /comments, CDATA and document types are not supported/,
  ));

test('keeps the line ends of XML 1.1 as text', () => {
  assert.equal(textContentOf(parseXml('<a>x\u0085\u2028</a>')), 'x\u0085\u2028');
});

test('limits attributes, namespaces, depth, elements and length', async (t) => {
  const many = (length: number, each: (n: number) => string) => Array.from({ length }, (_, n) => each(n)).join(' ');
  assert.ok(parseXml(`<a ${many(32, (n) => `b${n}=""`)}/>`));
  assert.ok(parseXml(`${'<a>'.repeat(32)}${'</a>'.repeat(32)}`));
  await rejectsEach(t, [`<a ${many(33, (n) => `b${n}=""`)}/>`], /too many attributes/);
  await rejectsEach(t, [`<a ${many(10, (n) => `xmlns:p${n}="u"`)}><b ${many(10, (n) => `xmlns:q${n}="u"`)}/></a>`], /namespaces/);
  await rejectsEach(t, [`${'<a>'.repeat(33)}${'</a>'.repeat(33)}`], /levels/);
  await rejectsEach(t, [`<a>${'<b/>'.repeat(20_000)}</a>`], /more than 20000 elements/);
  await rejectsEach(t, [`<a>${'x'.repeat(524_288)}</a>`], /characters/);
});
