import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSealed, sealFile, unseal } from './sealed-file.ts';

const PASSPHRASE = 'correct horse battery';
const CONTENT = Buffer.from('the private key');
const code = (expected: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === expected;

describe('a sealed file', () => {
  it('opens with its passphrase in any Unicode form, and reveals nothing without', async () => {
    const sealed = await sealFile(CONTENT, 'Grüße an alle Welt');
    assert.ok(isSealed(sealed));
    assert.equal(sealed.includes(CONTENT), false);
    assert.deepEqual(await unseal(sealed, 'Gru\u0308ße an alle Welt'), CONTENT);
    assert.notDeepEqual(await sealFile(CONTENT, 'Grüße an alle Welt'), sealed);
  });

  it('does not open with another passphrase or after a changed byte', async () => {
    const sealed = await sealFile(CONTENT, PASSPHRASE);
    await assert.rejects(unseal(sealed, 'correct horse batterz'), code('IMPORT_PASSPHRASE'));
    // Salt, nonce, ciphertext, tag.
    for (const at of [10, 30, 40, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(unseal(changed, PASSPHRASE), code('IMPORT_PASSPHRASE'));
    }
  });

  it('is rejected before any work if it is truncated or of another version', async () => {
    const sealed = await sealFile(CONTENT, PASSPHRASE);
    const newer = Buffer.from(sealed);
    newer[8] = 2;
    await assert.rejects(unseal(newer, PASSPHRASE), code('IMPORT_UNREADABLE'));
    await assert.rejects(unseal(sealed.subarray(0, 50), PASSPHRASE), code('IMPORT_UNREADABLE'));
    assert.equal(isSealed(Buffer.alloc(3)), false);
  });

  it('requires a passphrase of sufficient length', async () => {
    await assert.rejects(sealFile(CONTENT, 'too short'), code('PASSPHRASE_UNUSABLE'));
    await assert.rejects(sealFile(CONTENT, 'x'.repeat(2000)), code('PASSPHRASE_UNUSABLE'));
  });
});
