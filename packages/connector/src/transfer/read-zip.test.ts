import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Zippable, zipSync } from 'fflate';
import { readZip } from './read-zip.ts';

const WANTED = new Set(['config.json', 'certs/cert.key']);
const text = (content: string) => Buffer.from(content, 'utf8');
const zipOf = (files: Zippable) => Buffer.from(zipSync(files));
const code = (expected: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === expected;
const refused = (zip: Buffer, expected = 'IMPORT_REFUSED') => assert.rejects(readZip(zip, WANTED), code(expected));

/** In the central directory, where readers look: signature, then fields at fixed places (APPNOTE.TXT, section 4.3.12). */
function centralEntry(zip: Buffer, place = 0): number {
  let at = -1;
  for (let i = 0; i <= place; i++) at = zip.indexOf('PK\x01\x02', at + 1, 'latin1');
  assert.notEqual(at, -1);
  return at;
}

describe('a zip', () => {
  it('reads the allowed files and lists the others', async () => {
    const { files, ignored } = await readZip(
      zipOf({
        'config.json': text('{}'),
        'certs/cert.key': text('key'),
        'evil.exe': text('MZ'),
        'nested.zip': zipOf({ 'config.json': text('[]') }),
      }),
      WANTED,
    );
    assert.deepEqual(
      [...files].map(([name, content]) => [name, content.toString()]),
      [
        ['config.json', '{}'],
        ['certs/cert.key', 'key'],
      ],
    );
    assert.deepEqual(ignored, ['evil.exe', 'nested.zip']);
  });

  it('may have one top folder, but not two', async () => {
    const { files } = await readZip(zipOf({ 'export/config.json': text('{}'), 'export/certs/cert.key': text('k') }), WANTED);
    assert.deepEqual([...files.keys()], ['config.json', 'certs/cert.key']);
    await refused(zipOf({ 'a/config.json': text('{}'), 'b/config.json': text('{}') }));
    // Deeper folders are not searched.
    assert.equal((await readZip(zipOf({ 'a/b/config.json': text('{}') }), WANTED)).files.size, 0);
  });

  it('is refused if a path leads outside', async () => {
    for (const name of ['../config.json', 'a/../../config.json', '/config.json', 'C:/config.json', '..\\config.json']) {
      await refused(zipOf({ 'config.json': text('{}'), [name]: text('x') }), 'IMPORT_UNREADABLE');
    }
  });

  it('is refused if it contains a link or a device, allowed or not', async () => {
    for (const [name, mode] of [
      ['config.json', 0o120777],
      ['other', 0o120777],
      ['pipe', 0o010600],
      ['device', 0o060600],
    ] as const) {
      await refused(zipOf({ [name]: [text('/etc/shadow'), { os: 3, attrs: (mode << 16) >>> 0 }] }));
    }
  });

  it('is refused if a name occurs twice, regardless of case', async () => {
    const twice = zipOf({ 'config.json': text('{"a":1}'), 'config.jsoN': text('{"b":2}') });
    await refused(twice);
    await refused(Buffer.from(twice.toString('latin1').replaceAll('config.jsoN', 'config.json'), 'latin1'));
  });

  it('is refused if it uses zip encryption', async () => {
    const zip = zipOf({ 'config.json': text('{}') });
    zip.writeUInt16LE(zip.readUInt16LE(centralEntry(zip) + 8) | 1, centralEntry(zip) + 8);
    await refused(zip);
  });

  it('is refused if it is a bomb: too dense, too large, too many files, or larger than it claims', async () => {
    await refused(zipOf({ 'config.json': Buffer.alloc(3 * 1024 * 1024) }));
    await refused(zipOf({ 'config.json': [Buffer.alloc(5 * 1024 * 1024, 'x'), { level: 0 }] }));
    await refused(zipOf(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, text('')]))));
    await refused(Buffer.alloc(17 * 1024 * 1024));
    const lying = zipOf({ 'config.json': Buffer.alloc(2 * 1024 * 1024) });
    lying.writeUInt32LE(100, centralEntry(lying) + 24);
    await refused(lying, 'IMPORT_UNREADABLE');
    // A file that is not read may be dense.
    assert.equal((await readZip(zipOf({ 'config.json': text('{}'), zeros: Buffer.alloc(20 * 1024 * 1024) }), WANTED)).files.size, 1);
  });

  it('is refused if it is damaged, truncated, followed by data, or not a zip', async () => {
    const zip = zipOf({ 'config.json': [text('{"LDAP_URL":"ldaps://dc1"}'), { level: 0 }] });
    for (let length = 0; length < zip.length; length += 7) await refused(zip.subarray(0, length), 'IMPORT_UNREADABLE');
    await refused(Buffer.concat([zip, text('trailing')]), 'IMPORT_UNREADABLE');
    await refused(Buffer.concat([text('#!/bin/sh\n'), zip]), 'IMPORT_UNREADABLE');
    await refused(text('{"LDAP_URL": "not a zip"}'), 'IMPORT_UNREADABLE');
    const changed = Buffer.from(zip);
    changed.write('ldap+', zip.indexOf('ldaps'), 'latin1');
    await refused(changed, 'IMPORT_UNREADABLE');
  });

  it('causes an error with a code, whichever byte is wrong', async () => {
    const zip = zipOf({ 'config.json': text('{"a":1}'), 'certs/cert.key': text('key') });
    for (let at = 0; at < zip.length; at++) {
      for (const value of [0, 0xff, (zip[at] ?? 0) ^ 1]) {
        const changed = Buffer.from(zip);
        changed[at] = value;
        await readZip(changed, WANTED).catch((error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error && /^IMPORT_/.test(String(error.code)), `${at}: ${String(error)}`);
        });
      }
    }
  });

  it('is reported without the control characters in its names', async () => {
    const { ignored } = await readZip(zipOf({ 'config.json': text('{}'), 'a\u001b[31mb\u202ec': text('') }), WANTED);
    assert.deepEqual(ignored, ['a?[31mb?c']);
  });
});
