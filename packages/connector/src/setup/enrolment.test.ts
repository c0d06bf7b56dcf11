import assert from 'node:assert/strict';
import { createHmac, hkdfSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CodedError, createLog } from '@landbridge/runtime';
import { EmbeddedJWK, jwtVerify } from 'jose';
import { CONNECTION_ID, INFO, PINNED_SECRET, SECRET, startTicketServer } from '../../test/ticket-server.ts';
import { loadConfig, withEntered } from '../config/load.ts';
import { createOutbound } from '../network/outbound.ts';
import { createProvisioning } from './provision.ts';
import { saveSetup } from './save.ts';
import { readHubTicket } from './ticket.ts';

/** A connector with a home, and a hub with an identity. */
async function start(t: TestContext, settings: object = {}) {
  const home = mkdtempSync(join(tmpdir(), 'enrolment-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const hub = await startTicketServer(t);
  const path = join(home, 'config.json');
  const write = (content: object) => writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  write({ PROVISIONING_TICKET: hub.pinnedTicket, ...settings });
  const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
  const provision = () => {
    const config = loadConfig(home, {});
    const provisioning = createProvisioning({ config, outbound: createOutbound(config.values), log, agentVersion: '1.2.3' });
    return provisioning.provision(new AbortController().signal);
  };
  return { hub, home, provision, write, file: (): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CodedError && error.action, String(error));
  assert.doesNotMatch(JSON.stringify([error.message, error.action]), new RegExp(PINNED_SECRET));
  return error.code;
}

test('the first start registers with proof of key and ticket, pins the hub, and never sends the secret', async (t) => {
  const { hub, home, provision, file } = await start(t, { TENANT_SIGNING_KEY: 'of another hub' });
  const target = await provision();
  assert.deepEqual(
    [target.hubUrl, target.connection, target.hubIdentity, target.signingKeyPem, target.jwksUrl],
    [INFO.adHub, INFO.connectionName, hub.enrolment.fingerprint, undefined, undefined],
  );
  const certificate = new X509Certificate(readFileSync(join(home, 'certs', 'cert.pem')));
  const [asked, registered] = hub.enrolment.requests;
  assert.equal(asked?.claims.register, undefined);
  assert.equal(hub.enrolment.requests.length, 2);
  for (const { jws, mac } of hub.enrolment.requests) {
    const { payload } = await jwtVerify(jws, EmbeddedJWK, { algorithms: ['RS256'] });
    assert.deepEqual([payload.aud, payload.sub], [hub.enrolment.fingerprint, CONNECTION_ID]);
    await jwtVerify(jws, certificate.publicKey);
    const key = Buffer.from(hkdfSync('sha256', PINNED_SECRET, '', 'landbridge enrolment', 32));
    assert.equal(mac, createHmac('sha256', key).update(jws).digest('base64url'));
  }
  const { certificate: sent, agentVersion } = Object(registered?.claims.register);
  assert.deepEqual([sent, agentVersion], [certificate.raw.toString('base64'), '1.2.3']);
  assert.doesNotMatch(JSON.stringify([hub.asked, hub.enrolment.requests]), new RegExp(PINNED_SECRET));
  assert.ok(hub.asked.every((request) => !request.includes('/p/ad/') && !request.includes('jwks')));
  assert.deepEqual([file().HUB_IDENTITY, file().TENANT_SIGNING_KEY], [hub.enrolment.fingerprint, undefined]);

  await provision();
  assert.equal(hub.enrolment.requests.length, 3);
});

test('a rotated identity is followed and pinned, and one that no earlier key signed is refused', async (t) => {
  const { hub, provision, file } = await start(t);
  await provision();
  hub.enrolment.rotate();
  hub.enrolment.rotate();
  assert.equal((await provision()).hubIdentity, hub.enrolment.fingerprint);
  assert.equal(file().HUB_IDENTITY, hub.enrolment.fingerprint);
  hub.enrolment.replace();
  assert.equal(await codeOf(provision()), 'HUB_IDENTITY_MISMATCH');
});

describe('an answer that the hub has not signed is refused, and the certificate is not registered', () => {
  type Hub = Awaited<ReturnType<typeof startTicketServer>>;
  const cases: [string, (hub: Hub) => void, string][] = [
    [
      'with another payload',
      ({ enrolment }) => {
        enrolment.tamper = (answer) => ({ ...answer, payload: answer.payload.replace('127.0.0.1', '127.0.0.2') });
      },
      'HUB_ANSWER_FORGED',
    ],
    [
      'without a signature',
      ({ enrolment }) => {
        enrolment.tamper = (answer) => ({ ...answer, signature: '' });
      },
      'HUB_ANSWER_FORGED',
    ],
    [
      'to another request',
      ({ enrolment }) => {
        enrolment.answersTo = 'an earlier request';
      },
      'HUB_ANSWER_FORGED',
    ],
    ['of another identity', ({ enrolment }) => enrolment.replace(), 'HUB_IDENTITY_MISMATCH'],
    [
      'in the format of the plain contract',
      (hub) => {
        hub.enrolment.answer = () => ({ body: INFO });
      },
      'TICKET_ANSWER_INVALID',
    ],
    [
      'that the ticket is unknown',
      (hub) => {
        hub.enrolment.answer = () => ({ status: 404 });
      },
      'TICKET_UNKNOWN',
    ],
  ];
  for (const [name, misbehave, code] of cases) {
    test(name, async (t) => {
      const { hub, provision, file } = await start(t);
      misbehave(hub);
      assert.equal(await codeOf(provision()), code);
      assert.ok(hub.asked.every((request) => request.startsWith('POST /p/enrol/')));
      assert.ok(hub.enrolment.requests.every(({ claims }) => claims.register === undefined));
      assert.equal(file().HUB_IDENTITY, undefined);
    });
  }
});

test('while the hub does not answer, the connector uses the last known connection, with the identity in the ticket', async (t) => {
  const { hub, provision } = await start(t, { AD_HUB: 'https://hub.example', CONNECTION: 'c', REALM: 'r' });
  hub.enrolment.answer = () => ({ status: 503 });
  const { hubIdentity, jwksUrl, signingKeyPem } = await provision();
  assert.deepEqual([hubIdentity, jwksUrl, signingKeyPem], [hub.enrolment.fingerprint, undefined, undefined]);
});

describe('an unsuitable ticket is not sent to any hub', () => {
  const cases: [string, (tickets: { pinned: string; plain: string }) => object, string][] = [
    ['truncated', ({ pinned }) => ({ PROVISIONING_TICKET: pinned.slice(0, -1) }), 'TICKET_DAMAGED'],
    ['without its fingerprint', ({ pinned }) => ({ PROVISIONING_TICKET: pinned.slice(0, pinned.lastIndexOf('.')) }), 'TICKET_DAMAGED'],
    [
      'without an identity, while one is pinned',
      ({ plain }) => ({ PROVISIONING_TICKET: plain, HUB_IDENTITY: 'A'.repeat(43) }),
      'HUB_IDENTITY_MISMATCH',
    ],
  ];
  for (const [name, settings, code] of cases) {
    test(name, async (t) => {
      const { hub, provision, write } = await start(t);
      write(settings({ pinned: hub.pinnedTicket, plain: hub.ticket }));
      assert.equal(await codeOf(provision()), code);
      assert.deepEqual(hub.asked, []);
      assert.ok(hub.ticket.endsWith(SECRET));
    });
  }
});

test('a ticket entered in setup replaces the pinned hub, even if the new hub has no identity', async (t) => {
  const { home, hub, provision, file } = await start(t);
  await provision();
  const other = await startTicketServer(t);
  const enter = async (ticket: string) => {
    const before = loadConfig(home, {});
    const changes = { PROVISIONING_TICKET: ticket };
    const config = withEntered(before, changes, {});
    saveSetup(before, config, changes, await readHubTicket(createOutbound(config.values), config, ticket));
  };
  await enter(other.pinnedTicket);
  assert.equal(file().HUB_IDENTITY, other.enrolment.fingerprint);
  await enter(other.ticket);
  assert.equal(file().HUB_IDENTITY, undefined);
  // The same ticket again is no reason to trust another hub.
  await enter(hub.pinnedTicket);
  hub.enrolment.replace();
  assert.equal(await codeOf(enter(hub.pinnedTicket)), 'HUB_IDENTITY_MISMATCH');
});

test('a revoked key is an error, but a pending one is not', async (t) => {
  const { hub, provision } = await start(t);
  hub.enrolment.state = 'pending';
  assert.equal((await provision()).connection, INFO.connectionName);
  hub.enrolment.state = 'revoked';
  assert.equal(await codeOf(provision()), 'CONNECTOR_KEY_REVOKED');
});
