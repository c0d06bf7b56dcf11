import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { CONNECTION_ID, startTicketServer } from '../../test/ticket-server.ts';
import { loadConfig, withChanges } from '../config/load.ts';
import { enrolByCode, type ShownCode } from './code-enrolment.ts';

async function start(t: TestContext, states: string[], expiresInSeconds = 600) {
  const home = mkdtempSync(join(tmpdir(), 'code-enrolment-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const hub = await startTicketServer(t);
  hub.enrolment.code = { states, expiresInSeconds, polls: [] };
  const { origin } = new URL(hub.ticket);
  const shown: ShownCode[] = [];
  const stop = new AbortController();
  const enrol = (address = origin, onShown: () => void = () => {}) =>
    enrolByCode(
      withChanges(loadConfig(home, {}), {}, {}),
      {},
      {
        ...{ hub: address, agentVersion: '1.2.3', signal: AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]) },
        show(code) {
          shown.push(code);
          onShown();
        },
      },
    );
  const saved = () => existsSync(join(home, 'certs')) || existsSync(join(home, 'config.json'));
  return { home, hub, origin, enrol, shown, stop, saved, polls: hub.enrolment.code.polls };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CodedError, String(error));
  return error.code;
}

test('an approved connector registers its key without a ticket, pins the hub, and saves a ticket without a secret', async (t) => {
  const { home, hub, origin, enrol, shown, polls } = await start(t, ['pending', 'down', 'approved']);
  const ticket = await enrol(`${origin}/dashboard/`);
  assert.equal(ticket, `${origin}/p/ad/${CONNECTION_ID}..${hub.enrolment.fingerprint}`);
  const file: Record<string, unknown> = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  assert.deepEqual([file.PROVISIONING_TICKET, file.HUB_IDENTITY], [ticket, hub.enrolment.fingerprint]);
  assert.deepEqual([shown.length, shown[0]?.code, shown[0]?.page], [1, 'BCDF-GHJK', `${origin}/dashboard/code`]);

  const [first, ...others] = polls;
  for (const { claims } of others) {
    assert.deepEqual([claims.aud, claims.sub], [hub.enrolment.fingerprint, Buffer.alloc(32).toString('base64url')]);
    const nonce = Buffer.from(String(claims.nonce), 'base64url');
    assert.equal(first?.claims.commitment, createHash('sha256').update(nonce).digest('base64url'));
  }
  assert.equal(first?.claims.nonce, undefined);
  const certificate = new X509Certificate(readFileSync(join(home, 'certs', 'cert.pem')));
  const { certificate: sent } = Object(hub.enrolment.requests.at(-1)?.claims.register);
  assert.equal(sent, certificate.raw.toString('base64'));
  assert.ok(hub.enrolment.requests.every(({ mac }) => mac === undefined));
});

test('after slow_down, the connector waits five seconds longer', async (t) => {
  const { enrol, polls } = await start(t, ['slow_down', 'denied']);
  assert.equal(await codeOf(enrol()), 'ENROLMENT_DENIED');
  const [before = 0, after = 0] = polls.slice(-2).map(({ atMs }) => atMs);
  assert.ok(after - before > 5900, `${after - before} ms`);
});

describe('a failed enrolment reports its error code and saves nothing', () => {
  type Started = Awaited<ReturnType<typeof start>>;
  const cases: [string, string[], (started: Started) => Promise<unknown>, string][] = [
    ['denied', ['denied'], ({ enrol }) => enrol(), 'ENROLMENT_DENIED'],
    ['expired on the hub', ['pending', 'expired'], ({ enrol }) => enrol(), 'ENROLMENT_CODE_EXPIRED'],
    [
      'cancelled',
      ['pending'],
      ({ enrol, stop }) => {
        setTimeout(() => stop.abort(), 300);
        return enrol();
      },
      'CANCELLED',
    ],
    [
      'a hub that gives out no codes',
      ['pending'],
      ({ hub, enrol }) => {
        hub.enrolment.code = undefined;
        return enrol();
      },
      'HUB_WITHOUT_CODES',
    ],
    [
      'an answer that was changed',
      ['pending'],
      ({ hub, enrol }) => {
        hub.enrolment.tamper = (answer) => ({ ...answer, payload: answer.payload.replace('600', '601') });
        return enrol();
      },
      'HUB_ANSWER_FORGED',
    ],
    [
      'another hub after the comparison',
      ['pending', 'approved'],
      ({ hub, enrol }) => {
        return enrol(undefined, () => hub.enrolment.replace());
      },
      'HUB_IDENTITY_MISMATCH',
    ],
    ['an address that is no URL', ['pending'], ({ enrol }) => enrol('hub.example'), 'HUB_ADDRESS_INVALID'],
    ['an address with a password', ['pending'], ({ enrol }) => enrol('https://a:b@hub.example'), 'HUB_ADDRESS_INVALID'],
    ['an address without TLS', ['pending'], ({ enrol }) => enrol('http://hub.example'), 'HUB_NOT_ENCRYPTED'],
  ];
  for (const [name, states, act, code] of cases) {
    test(name, async (t) => {
      const started = await start(t, states);
      assert.equal(await codeOf(act(started)), code);
      assert.equal(started.saved(), false);
    });
  }

  test('no administrator decides', async (t) => {
    const { enrol, saved } = await start(t, ['pending'], 1);
    assert.equal(await codeOf(enrol()), 'ENROLMENT_CODE_EXPIRED');
    assert.equal(saved(), false);
  });
});
