/** The documents' links, the tests that they name, and the code's citations exist. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const PROTOCOL = 'docs/protocol.md';
const CITATION = /docs\/protocol\.md, sections? (\d+(?:\.\d+)?(?:(?:, | and )\d+(?:\.\d+)?)*)/g;
/** A test as documents name it: `packages/hub/src/guard/guard.test.ts: "title"`. */
const NAMED_TEST = /`([\w./-]+\.test\.ts): "([^"\n]+)"`/g;
const TEST_TITLE = /\b(?:test|it|describe)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
const LINK = /\]\((?!https?:)([^)\s]+)\)/g;

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** A heading's anchor as GitHub makes it, and explicit `<a id>` anchors. */
function anchorsIn(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]);
}

function titlesIn(source: string): Set<string> {
  return new Set([...source.matchAll(TEST_TITLE)].map(([, single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1')));
}

test('every cited section of the protocol exists', () => {
  const sections = new Set([...read(PROTOCOL).matchAll(/^#+ (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number));
  const sources = globSync('{packages,lab,e2e,demo,tools}/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules/**'] });
  const cited = sources.flatMap((file) =>
    [...read(file).matchAll(CITATION)].flatMap(([, list = '']) => list.split(/, | and /).map((number) => ({ file, number }))),
  );
  assert.ok(cited.length > 0);
  assert.deepEqual(
    cited.filter(({ number }) => !sections.has(number)),
    [],
  );
});

test('every relative link in the documents leads to a file and an anchor', () => {
  const broken: string[] = [];
  for (const file of globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })) {
    for (const [, target = ''] of read(file).matchAll(LINK)) {
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(ROOT, linked))) broken.push(`${file}: ${target}`);
      else if (anchor !== undefined && !anchorsIn(read(linked)).has(anchor)) broken.push(`${file}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('every path below packages/ that the documents name exists', () => {
  const missing: string[] = [];
  for (const file of globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })) {
    for (const [, path = ''] of read(file).matchAll(/`(packages\/[\w./-]+)`/g))
      if (!existsSync(join(ROOT, path))) missing.push(`${file}: ${path}`);
  }
  assert.deepEqual(missing, []);
});

test('every test that the documents name exists, and each line of the threat model that looks like one is read', () => {
  const missing: string[] = [];
  for (const file of globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })) {
    for (const [, path = '', title = ''] of read(file).matchAll(NAMED_TEST))
      if (!existsSync(join(ROOT, path)) || !titlesIn(read(path)).has(title)) missing.push(`${file}: ${path}: ${title}`);
  }
  assert.deepEqual(missing, []);
  const threats = read('docs/threat-model.md');
  const named = threats.match(NAMED_TEST)?.length ?? 0;
  assert.ok(named > 0);
  assert.equal(named, threats.match(/\.test\.ts: /g)?.length);
});

test('the index of decisions lists every decision', () => {
  const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d{3}-[\w-]+\.md)\)/g)].map(([, file]) => file);
  assert.deepEqual(listed, globSync('[0-9]*.md', { cwd: join(ROOT, 'docs/decisions') }).sort());
});
