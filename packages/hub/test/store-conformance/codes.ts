/** What every store does with one-time codes and facts. */
import assert from 'node:assert/strict';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleConnection } from './examples.ts';

export function codeConformance(check: StoreCheck): void {
  check('redeems a code once, and never after it expires', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addTryCode('once', 'id-a', new Date(AT.getTime() + 1000));
    await store.addTryCode('late', 'id-a', AT);
    assert.equal(await store.takeTryCode('once', AT), 'id-a');
    assert.equal(await store.takeTryCode('once', AT), undefined);
    assert.equal(await store.takeTryCode('late', AT), undefined);
  });

  check('keeps the last public address', async (store) => {
    assert.equal(await store.publicUrl(), undefined);
    await store.setPublicUrl('http://a');
    await store.setPublicUrl('http://b');
    assert.equal(await store.publicUrl(), 'http://b');
    assert.equal(await store.localUrl(), undefined);
    await store.setLocalUrl('http://127.0.0.1:1');
    await store.setLocalUrl('http://127.0.0.1:2');
    assert.equal(await store.localUrl(), 'http://127.0.0.1:2');
  });

  check('keeps how far each destination has received the audit log', async (store) => {
    assert.equal(await store.auditPosition('tls://a:1'), undefined);
    await store.setAuditPosition('tls://a:1', { id: 3, hash: 'ab', upTo: 5 });
    await store.setAuditPosition('tls://a:1', { id: 5, hash: 'cd' });
    await store.setAuditPosition('tls://b:1', { id: 0, hash: '' });
    assert.deepEqual(await store.auditPosition('tls://a:1'), { id: 5, hash: 'cd' });
    assert.deepEqual(await store.auditPosition('tls://b:1'), { id: 0, hash: '' });
  });

  check('keeps until when passwords of administrators are allowed', async (store) => {
    assert.equal(await store.passwordsAllowedUntil(), undefined);
    await store.setPasswordsAllowedUntil(AT);
    assert.deepEqual(await store.passwordsAllowedUntil(), AT);
  });
}
