import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { enrolmentBody, enrolWithProof, sendEnrolment } from '../../test/enrolling-connector.ts';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { exampleCertificate } from '../../test/store-conformance/examples.ts';
import { openSince } from './tickets.ts';

const [OURS, THEIRS, THIRD] = [makeIdentity(), makeIdentity(), makeIdentity()];

async function states({ api }: HubUnderTest): Promise<string[]> {
  return (await api('/connections/corp')).body.connection.certificates.map(({ state }) => state);
}

async function audited({ store }: HubUnderTest, action: string): Promise<string[]> {
  return (await store.auditRecords({ action }, 100)).map(({ result, detail }) => `${result}: ${detail}`);
}

describe('a ticket enrols one connector, and further keys wait for an operator', () => {
  const ways: [string, typeof enrolWithProof | typeof provision][] = [
    ['with proof', enrolWithProof],
    ['by the plain contract', provision],
  ];
  for (const [name, enrol] of ways) {
    test(name, async (t) => {
      const under = await startHubForTest(t);
      const ticket = await under.createConnection();
      await enrol(ticket, OURS, {});
      await enrol(ticket, THEIRS, {});
      assert.deepEqual(await states(under), ['approved', 'pending']);
      assert.equal((await under.api('/connections/corp')).body.connection.enrolmentOpenUntil, null);
      await assert.rejects(connect(await provision(ticket, THEIRS)), /approval_pending/);
      // A new ticket enrols the second connector, and the old ticket still serves the first.
      const next = await under.addConnector();
      assert.ok((await under.api('/connections/corp')).body.connection.enrolmentOpenUntil);
      await enrol(next, THEIRS, {});
      assert.deepEqual(await states(under), ['approved', 'approved']);
      await connect(await provision(ticket, OURS));
    });
  }
});

test('if several connectors use one ticket at the same time, exactly one enrols', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const [proven, other] = await Promise.all([enrolWithProof(ticket, OURS), enrolWithProof(ticket, THEIRS), provision(ticket, THIRD)]);
  assert.deepEqual((await states(under)).sort(), ['approved', 'pending', 'pending']);
  assert.ok([proven, other].filter(({ state }) => state === 'enrolled').length <= 1);
});

test('a ticket that is older than ENROLMENT_HOURS enrols no connector', async (t) => {
  const under = await startHubForTest(t, { ENROLMENT_HOURS: '2' });
  const ticket = await under.createConnection();
  const connection = await under.store.connectionByName('corp');
  assert.ok(connection);
  const [stored] = await under.store.tickets(connection.id);
  assert.ok(stored);
  await under.store.removeTickets(connection.id);
  await under.store.addTicket({ ...stored, issuedAt: openSince(2) });
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'pending');
  await provision(ticket, THEIRS);
  assert.deepEqual(await states(under), ['pending', 'pending']);
});

test('keys that wait for approval do not keep out a connector with an unused ticket', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  await enrolWithProof(ticket, OURS);
  const connection = await under.store.connectionByName('corp');
  const pem = new X509Certificate(Buffer.from(THIRD.certificate, 'base64')).toString();
  for (let n = 0; n < 31; n++) {
    const waiting = exampleCertificate(`thief-${n}`, { pem, state: 'pending', registeredAt: new Date() });
    await under.store.addCertificate(connection?.id ?? '', waiting, 32);
  }
  assert.equal((await enrolWithProof(ticket, THEIRS)).code, 'too_many_certificates');
  assert.equal((await enrolWithProof(await under.addConnector(), THEIRS)).state, 'enrolled');
});

test('if connectors need approval, an open ticket enrols no connector', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  await under.api('/connections/corp', { approveConnectors: true }, 'PATCH');
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'pending');
});

test('the answer states what the hub knows about the connector, and asking changes nothing', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const asked = await enrolWithProof(ticket, OURS, { asksOnly: true });
  assert.equal(asked.state, 'new');
  assert.deepEqual(asked.info?.thumbprints, []);
  const enrolled = await enrolWithProof(ticket, OURS);
  assert.equal(enrolled.state, 'enrolled');
  // The answer for a used ticket says that registering would not be enough.
  assert.equal((await enrolWithProof(ticket, THEIRS, { asksOnly: true })).state, 'pending');
  assert.equal(enrolled.info?.thumbprints.length, 1);
  const [certificate] = (await under.api('/connections/corp')).body.connection.certificates;
  await under.api(`/connections/corp/connectors/${certificate?.thumbprint}/revoke`, { key: true });
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'revoked');
  assert.equal((await enrolWithProof(ticket, OURS, { asksOnly: true })).state, 'revoked');
});

test('a known key needs no ticket, so a renewed or revoked ticket does not cut off its connector', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  await enrolWithProof(ticket, OURS);
  await under.api('/connections/corp/ticket', undefined, 'DELETE');
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'enrolled');
  assert.equal((await enrolWithProof(ticket, OURS, { secret: undefined })).state, 'enrolled');
  assert.equal((await enrolWithProof(ticket, THEIRS)).code, 'ticket_not_found');
  assert.equal((await fetch(`${ticket}/info`)).status, 404);
});

describe('an enrolment without proof is refused, and leaves no trace', () => {
  const cases: [string, Parameters<typeof enrolWithProof>[2], string][] = [
    ['without the ticket', { secret: undefined }, 'ticket_not_found'],
    ['with another secret', { secret: 'x'.repeat(27) }, 'ticket_not_found'],
    ['signed with another key than it names', { headerKey: THEIRS.key }, 'invalid_request'],
    ['for a certificate with another key', { key: THEIRS.key, headerKey: THEIRS.key }, 'invalid_request'],
    ['for another hub', { audience: 'A'.repeat(43) }, 'other_hub_identity'],
    ['for another connection', { subject: 'other' }, 'invalid_request'],
    ['an hour old', { issuedAt: Math.floor(Date.now() / 1000) - 3600 }, 'clock_skew'],
    ['from the future', { issuedAt: Math.floor(Date.now() / 1000) + 3600 }, 'clock_skew'],
  ];
  for (const [name, options, code] of cases) {
    test(name, async (t) => {
      const under = await startHubForTest(t);
      const ticket = await under.createConnection();
      assert.equal((await enrolWithProof(ticket, OURS, options)).code, code);
      assert.deepEqual(await states(under), []);
      assert.equal((await enrolWithProof(ticket, THIRD)).state, 'enrolled');
    });
  }
});

test('a proxy that reads an enrolment can neither send it again nor use its proof for another key', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const seen = await enrolmentBody(ticket, OURS);
  const own = await enrolmentBody(ticket, THEIRS);
  assert.ok(!JSON.stringify(seen).includes(ticket.split('.')[1] ?? ticket));
  assert.equal((await sendEnrolment(ticket, { ...own, mac: seen.mac ?? '' })).code, 'ticket_not_found');
  assert.equal((await sendEnrolment(ticket, seen)).state, 'enrolled');
  assert.equal((await sendEnrolment(ticket, seen)).code, 'invalid_request');
  // The part of the ticket that the proxy has seen is not a valid ticket.
  assert.equal((await fetch(`${ticket.split('.')[0]}/info`)).status, 404);
});

test('a connector that keeps enrolling does not keep out connectors of other connections', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const other = await under.createConnection('other');
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'enrolled');
  let answers = 0;
  const flood = async () => {
    for (let answer: Awaited<ReturnType<typeof enrolWithProof>> | undefined; answer?.code === undefined; answers++) {
      answer = await enrolWithProof(ticket, OURS, { asksOnly: true, secret: undefined });
    }
  };
  await Promise.all(Array.from({ length: 8 }, flood));
  assert.ok(answers >= 1000, String(answers));
  assert.equal((await enrolWithProof(other, THEIRS)).state, 'enrolled');
});

describe('the sign-in address of a known connector', () => {
  const [first, second, third] = ['https://dc1.example/wsfed', 'https://dc2.example/wsfed', 'https://dc3.example/wsfed'];

  test('changes with proof of its key, and the change is audited', async (t) => {
    const under = await startHubForTest(t);
    const ticket = await under.createConnection();
    await enrolWithProof(ticket, OURS, { signInEndpoint: first });
    await enrolWithProof(ticket, OURS, { signInEndpoint: first });
    assert.deepEqual(await audited(under, 'connector.change'), []);
    await enrolWithProof(ticket, OURS, { signInEndpoint: second, hostName: 'dc2' });
    const [certificate] = (await under.api('/connections/corp')).body.connection.certificates;
    assert.equal(certificate?.signInEndpoint, second);
    assert.deepEqual(await audited(under, 'connector.change'), [`ok: sign-in address ${second}, host dc2`]);
  });

  test('waits for an operator without proof, and registering the same again changes nothing', async (t) => {
    const under = await startHubForTest(t);
    const ticket = await under.createConnection();
    const shown = async () => {
      const [certificate] = (await under.api('/connections/corp')).body.connection.certificates;
      return [certificate?.signInEndpoint, certificate?.requestedEndpoint, certificate?.hostName];
    };
    await provision(ticket, OURS, { signInEndpoint: first, instance: { id: 'instance-1', hostName: 'dc1' } });
    const before = await under.store.auditRecords({}, 100);
    await provision(ticket, OURS, { signInEndpoint: first, instance: { id: 'instance-1', hostName: 'evil' } });
    await provision(ticket, OURS, { signInEndpoint: 'javascript:' });
    assert.deepEqual(await shown(), [first, undefined, 'dc1']);
    assert.equal((await under.store.auditRecords({}, 100)).length, before.length);

    await provision(ticket, OURS, { signInEndpoint: second });
    // An attacker who keeps asking can neither fill the audit log nor replace the registration that an operator is reviewing.
    await provision(ticket, OURS, { signInEndpoint: third });
    await provision(ticket, OURS, { signInEndpoint: second });
    assert.deepEqual(await shown(), [first, second, 'dc1']);
    assert.deepEqual(await audited(under, 'connector.change'), [`approval_pending: sign-in address ${second}`]);

    const [certificate] = (await under.api('/connections/corp')).body.connection.certificates;
    const decide = (action: string, signInEndpoint: string) =>
      under.api(`/connections/corp/connectors/${certificate?.thumbprint}/${action}`, { signInEndpoint });
    assert.equal((await decide('confirm-change', third)).body.error.code, 'sign_in_address_changed');
    assert.equal((await decide('dismiss-change', second)).status, 204);
    assert.deepEqual(await shown(), [first, undefined, 'dc1']);
    await provision(ticket, OURS, { signInEndpoint: second });
    assert.equal((await decide('confirm-change', second)).status, 204);
    assert.deepEqual(await shown(), [second, undefined, 'dc1']);
  });
});
