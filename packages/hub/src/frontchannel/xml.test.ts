/** What is XML, and what is only nearly so: every kind of program that reads tokens has been deceived by the difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { attributeOf, childrenOf, descendantsOf, isNamed, parseXml, textOf } from './xml.ts';

function isRefused(xml: string, why: RegExp): void {
  assert.throws(
    () => parseXml(xml),
    (error) => error instanceof CodedError && error.code === 'XML_REFUSED' && why.test(error.message),
    xml.slice(0, 200),
  );
}

test('names are in their namespaces, and text is what it stands for', () => {
  const root = parseXml(
    '\uFEFF<?xml version="1.0" encoding="utf-16"?>\r\n<p:a xmlns:p="u" xmlns="d" x="1&#10;\n2" p:x="&lt;"><b>&#x41;\r\n&amp;amp;\rB</b>\r\n<p:c xmlns=""><d/></p:c></p:a>\n ',
  );
  assert.ok(isNamed(root, 'u', 'a'));
  assert.equal(attributeOf(root, 'x'), '1\n 2');
  assert.equal(attributeOf(root, 'p:x'), '');
  const [b, c] = childrenOf(root);
  assert.ok(b !== undefined && c !== undefined);
  assert.ok(isNamed(b, 'd', 'b'));
  assert.equal(textOf(b), 'A\n&amp;\nB');
  assert.deepEqual(
    descendantsOf(root).map(({ namespace, localName }) => `${namespace}:${localName}`),
    ['d:b', 'u:c', ':d'],
  );
  assert.throws(() => textOf(root), /something else where text is expected/);
});

test('prefixes that are not declared, or mean something else, are refused', () => {
  for (const xml of ['<p:a/>', '<a p:b="1"/>', '<a><b xmlns:p="u"/><p:c/></a>', '<a xml:lang="de"/>', '<XML:a/>', '<xmlns:a/>']) {
    isRefused(xml, /prefix that is not declared/);
  }
  for (const xml of ['<a xmlns:xml="urn:evil" xml:b="1"/>', '<a xmlns:xmlns="u"/>', '<p:a xmlns:p="u"><p:b xmlns:p=""/></p:a>']) {
    isRefused(xml, /may not be declared so/);
  }
  for (const xml of ['<a:b:c xmlns:a="u"/>', '<:a/>', '<a:/>', '<a b:="1"/>', '<1a/>', '<ä/>', '<a\u00A0b="1"/>', '<a\u2028/>']) {
    isRefused(xml, /something else than elements/);
  }
});

test('an attribute stands once, also under two prefixes of one namespace', () => {
  isRefused('<a b="1" b="2"/>', /same attribute twice/);
  isRefused('<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', /same attribute twice/);
  isRefused('<a xmlns="u" xmlns="v"/>', /same attribute twice/);
  isRefused('<a xmlns:p="u" xmlns:p="v"/>', /same attribute twice/);
  assert.equal(attributeOf(parseXml('<a xmlns:p="u" p:b="1" b="2"/>'), 'b'), '2');
});

test('tags fit each other to the letter', () => {
  for (const xml of ['<a></A>', '<p:a xmlns:p="u" xmlns:q="u"></q:a>', '<a></a b="1">', '<a></a/>', '</a>', '<a/></a>', '<a><b></a></b>']) {
    isRefused(xml, /do not fit/);
  }
  for (const xml of ['<a', '<a><b></b>', '<a>', '']) isRefused(xml, /not complete|something else/);
  isRefused('<a/><b/>', /one root/);
  for (const xml of ['x<a/>', '<a/>x', '< a/>', '<a b/>', '<a b=1/>', '<a b="<"/>', '<a b="1"c="2"/>', '<a / >', '<a>]]></a>']) {
    isRefused(xml, /something else than elements/);
  }
});

test('nothing but characters of XML, elements and text', () => {
  for (const xml of ['<a>\u0000</a>', '<a>\u001b</a>', '<a>\ufffe</a>', '<a>\ud800</a>', '<a b="\u0001"/>']) isRefused(xml, /characters/);
  for (const code of ['0', 'x0', 'x1F', 'xD800', 'xDFFF', 'xFFFE', 'x110000', '9999999']) {
    isRefused(`<a>&#${code};</a>`, /characters/);
    isRefused(`<a b="&#${code};"/>`, /characters/);
  }
  for (const reference of ['&x;', '&', '&amp', '&#;', '&#x;', '&#-1;', '&#1 ;', '&AMP;', '&#99999999;', '&#xABCDEFG;', '&nbsp;']) {
    isRefused(`<a>${reference}</a>`, /entities/);
  }
  for (const inside of ['<!-- -->', '<![CDATA[x]]>', '<?p i?>', '<!ENTITY e "x">']) isRefused(`<a>${inside}</a>`, /comments, CDATA/);
  isRefused('<!DOCTYPE a><a/>', /document types/);
  isRefused('<?xml version="1.0"?><?p i?><a/>', /something else/);
  isRefused('<?xml-stylesheet href="x"?><a/>', /something else/);
  // Other alphabets are read as XML 1.0 does: these two are line ends only in XML 1.1.
  assert.equal(textOf(parseXml('<a>x\u0085\u2028</a>')), 'x\u0085\u2028');
});

test('there is a limit for everything', () => {
  const many = (length: number, each: (n: number) => string) => Array.from({ length }, (_, n) => each(n)).join(' ');
  assert.ok(parseXml(`<a ${many(32, (n) => `b${n}=""`)}/>`));
  isRefused(`<a ${many(33, (n) => `b${n}=""`)}/>`, /too many attributes/);
  isRefused(`<a ${many(10, (n) => `xmlns:p${n}="u"`)}><b ${many(10, (n) => `xmlns:q${n}="u"`)}/></a>`, /namespaces/);
  assert.ok(parseXml(`${'<a>'.repeat(32)}${'</a>'.repeat(32)}`));
  isRefused(`${'<a>'.repeat(33)}${'</a>'.repeat(33)}`, /levels/);
  isRefused(`<a>${'<b/>'.repeat(20_000)}</a>`, /more than 20000 elements/);
  isRefused(`<a>${'x'.repeat(524_288)}</a>`, /characters/);
});
