/** What every store does with alerts and their messages. */
import assert from 'node:assert/strict';
import type { StoredAlert } from '../../src/store/alerts.ts';
import type { StoreCheck } from './conformance.ts';
import { AT } from './examples.ts';

const at = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);
const alert = (id: string, changes: Partial<StoredAlert> = {}): StoredAlert => ({
  ...{ id, key: 'connector corp', kind: 'connector', connection: 'corp', text: 'down', raisedAt: AT, resolvedAt: undefined },
  ...changes,
});

export function alertConformance(check: StoreCheck): void {
  check('keeps one open alert per key, and ends it once', async (store) => {
    assert.equal(await store.raiseAlert(alert('1'), ['webhook']), true);
    assert.equal(await store.raiseAlert(alert('2'), ['webhook']), false);
    assert.deepEqual(await store.openAlerts(), [alert('1')]);
    assert.equal(await store.resolveAlert('1', at(5), ['webhook']), true);
    assert.equal(await store.resolveAlert('1', at(6), ['webhook']), false);
    assert.equal(await store.raiseAlert(alert('3', { raisedAt: at(7) }), []), true);
    assert.deepEqual(await store.alerts(10), [alert('3', { raisedAt: at(7) }), alert('1', { resolvedAt: at(5) })]);
    assert.deepEqual(await store.alerts(10, at(7)), [alert('1', { resolvedAt: at(5) })]);
    await store.pruneAlerts(at(6));
    assert.deepEqual(await store.alerts(10), [alert('3', { raisedAt: at(7) })]);
  });

  check('the message about the end of an alert waits for the one about its beginning', async (store) => {
    await store.raiseAlert(alert('1'), ['webhook', 'mail']);
    await store.resolveAlert('1', AT, ['webhook']);
    const due = async () => (await store.dueAlertMessages(at(1), 10)).map(({ channel, event }) => `${channel} ${event}`);
    assert.deepEqual((await due()).sort(), ['mail raised', 'webhook raised']);
    const [message] = (await store.alertMessages(['1'])).filter(({ channel, event }) => channel === 'webhook' && event === 'raised');
    assert.ok(message);
    await store.updateAlertMessage({ ...message, attempts: 1, nextAt: at(2), failure: 'no' });
    assert.deepEqual(await due(), ['mail raised']);
    const sent = { ...message, attempts: 2, nextAt: undefined, sentAt: at(2), failure: undefined };
    await store.updateAlertMessage(sent);
    assert.deepEqual((await due()).sort(), ['mail raised', 'webhook resolved']);
    assert.deepEqual(
      (await store.alertMessages(['1'])).filter(({ sentAt }) => sentAt !== undefined),
      [sent],
    );
  });
}
