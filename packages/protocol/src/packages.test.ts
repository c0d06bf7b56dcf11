import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOlder, packagesAmong, parseSums } from './packages.ts';

for (const [version, than, expected] of [
  ['0.1.0', '0.1.1', true],
  ['0.9.0', '0.10.0', true],
  ['1.9.9', '2.0.0', true],
  ['0.1.0', '0.1.0', false],
  ['6.1.0', '0.1.0', false],
  ['0.1.0-beta.1', '0.1.1', true],
  ['abc', '0.1.1', false],
  ['0.1', '0.1.1', false],
] as const) {
  test(`${version} is ${expected ? '' : 'not '}older than ${than}`, () => assert.equal(isOlder(version, than), expected));
}

test('the name of a package says program, version, format and platform', () => {
  const names = [
    'landbridge-connector-0.2.0-linux-x64.tar.gz',
    'landbridge-connector-0.10.0-darwin-arm64.tar.gz',
    'landbridge-connector_0.2.0-1_amd64.deb',
    'landbridge-hub-0.2.0-1.aarch64.rpm',
    'landbridge-connector-0.2.0-win-x64.msi',
    'landbridge-hub-0.2.0.oci.tar',
    'landbridge-connector-0.2.0-linux-x64.cdx.json',
    'landbridge-other-9.9.9-linux-x64.tar.gz',
  ];
  const found = packagesAmong(names.map((name) => ({ name, sha256: 'a'.repeat(64) })));
  assert.deepEqual(
    found.map(({ program, version, format, platform, arch }) => [program, version, format, platform, arch].join(' ')),
    [
      'connector 0.10.0 archive darwin arm64',
      'connector 0.2.0 archive linux x64',
      'connector 0.2.0 deb linux x64',
      'hub 0.2.0 rpm linux arm64',
      'connector 0.2.0 msi win32 x64',
      'hub 0.2.0 image  ',
    ],
  );
});

test('a list of sums with a path, a repeated name or another line is refused', () => {
  const sum = 'a'.repeat(64);
  assert.deepEqual(parseSums(`${sum}  a.deb\n${sum} *b.deb\n`), [
    { name: 'a.deb', sha256: sum },
    { name: 'b.deb', sha256: sum },
  ]);
  for (const line of [
    `${sum}  ../a`,
    `${sum}  a/b`,
    `${sum}  .hidden`,
    `${sum}  a\n${sum}  a`,
    `${sum}`,
    'hello',
    `${sum}  a b`,
    `${sum}  a\r`,
  ])
    assert.equal(parseSums(`${line}\n`), undefined, JSON.stringify(line));
});
