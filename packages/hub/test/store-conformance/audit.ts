/** What every store does with the audit log. */
import assert from 'node:assert/strict';
import { type AuditEntry, type AuditSeal, PRUNE_ACTION } from '../../src/store/audit.ts';
import type { StoreCheck } from './conformance.ts';
import { AT } from './examples.ts';

/** A readable hash: shows what the store passes to it. */
const seal: AuditSeal = (previous, id, entry) => `${previous ?? 'none'}/${id}${entry.action}`;

function entry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: AT,
    actor: 'user',
    action: 'login',
    connection: 'corp',
    subject: 'anna',
    remoteAddress: '192.0.2.1',
    instance: 'abcd',
    result: 'ok',
    correlationId: 'c1',
    detail: 'via api',
    ...changes,
  };
}

const later = (days: number) => new Date(AT.getTime() + days * 24 * 60 * 60_000);

export function auditConformance(check: StoreCheck): void {
  check('numbers audit records and seals each one together with the previous one', async (store) => {
    const nothing = { connection: undefined, subject: undefined, remoteAddress: undefined, instance: undefined };
    const second = entry({ ...nothing, correlationId: undefined, detail: undefined, action: 'b' });
    assert.deepEqual(await store.appendAudit(entry({ action: 'a' }), seal), { id: 1, ...entry({ action: 'a' }), hash: 'none/1a' });
    assert.deepEqual(await store.appendAudit(second, seal), { id: 2, ...second, hash: 'none/1a/2b' });
    assert.deepEqual(await store.auditRecordsAfter(1, 10), [{ id: 2, ...second, hash: 'none/1a/2b' }]);
    assert.deepEqual(
      (await store.auditRecords({}, 10)).map(({ id }) => id),
      [2, 1],
    );
  });

  check('keeps records that arrive at the same time in order and in one chain', async (store) => {
    const actions = Array.from({ length: 100 }, (_, n) => `${n}`);
    const records = await Promise.all(actions.map((action) => store.appendAudit(entry({ action }), seal)));
    assert.deepEqual(
      records.map(({ id, action }) => [id, action]),
      actions.map((action, n) => [n + 1, action]),
    );
    assert.deepEqual(await store.auditRecordsAfter(0, 200), records);
    assert.ok(records[99]?.hash.startsWith(`${records[98]?.hash}/`));
  });

  check('finds audit records by each field, page by page', async (store) => {
    for (let n = 1; n <= 5; n++) {
      await store.appendAudit(
        entry({
          at: later(n),
          actor: `actor${n}`,
          action: `action${n}`,
          connection: `connection${n}`,
          subject: `Anna${n}`,
          result: `result${n}`,
          correlationId: `id${n}`,
          instance: `instance${n}`,
          detail: `100%_sure ${n}`,
        }),
        seal,
      );
    }
    const found = async (filter: Parameters<typeof store.auditRecords>[0], limit = 10) =>
      (await store.auditRecords(filter, limit)).map(({ id }) => id);
    assert.deepEqual(await found({ actor: 'actor2' }), [2]);
    assert.deepEqual(await found({ action: 'action2' }), [2]);
    assert.deepEqual(await found({ connection: 'connection2' }), [2]);
    assert.deepEqual(await found({ subject: 'aNNa2' }), [2]);
    assert.deepEqual(await found({ result: 'result2' }), [2]);
    assert.deepEqual(await found({ correlationId: 'id2' }), [2]);
    assert.deepEqual(await found({ instance: 'instance2' }), [2]);
    assert.deepEqual(await found({ after: 3 }), [5, 4]);
    for (const part of ['TOR2', 'tion2', 'aNNa2', 'esult2', 'd2 ', '0%_sure 2', 'instance2']) {
      assert.deepEqual(await found({ search: part }), [2], part);
    }
    assert.deepEqual(await found({ search: '0%sure' }), []);
    assert.deepEqual(await found({ search: 'an_a2' }), []);
    assert.deepEqual(await store.auditValues('action'), ['action1', 'action2', 'action3', 'action4', 'action5']);
    assert.deepEqual(await found({ actor: 'actor2', action: 'action3' }), []);
    assert.deepEqual(await found({ actor: "' OR 1=1 --" }), []);
    assert.deepEqual(await found({ from: later(2), to: later(4) }), [3, 2]);
    assert.deepEqual(await found({}, 2), [5, 4]);
    assert.deepEqual(await found({ before: 4 }, 2), [3, 2]);
  });

  check('replaces the oldest audit records with one record of the removal', async (store) => {
    for (const day of [0, 1, 5, 2, 6]) await store.appendAudit(entry({ at: later(day) }), seal);
    const { action: _action, detail: _detail, ...prune } = entry({ at: later(6) });
    // Record 4 is older than 3 days, and stays: it comes after one that is not.
    assert.equal(await store.pruneAudit(later(3), prune, seal), 2);
    const kept = await store.auditRecordsAfter(0, 10);
    assert.deepEqual(
      kept.map(({ id, action, detail }) => [id, action, detail]),
      [
        [3, 'login', 'via api'],
        [4, 'login', 'via api'],
        [5, 'login', 'via api'],
        [6, PRUNE_ACTION, '2 none/1login/2login'],
      ],
    );
    assert.equal(await store.pruneAudit(later(3), prune, seal), 0);
    assert.equal((await store.appendAudit(entry(), seal)).id, 7);
    assert.equal(await store.pruneAudit(later(100), { ...prune, at: later(100) }, seal), 5);
    assert.deepEqual(
      (await store.auditRecordsAfter(0, 10)).map(({ id }) => id),
      [8],
    );
  });
}
