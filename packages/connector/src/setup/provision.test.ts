import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CodedError, createLog, errorText } from '@landbridge/runtime';
import { type Answer, INFO, SECRET, startTicketServer } from '../../test/ticket-server.ts';
import { decryptPassword } from '../config/credentials.ts';
import { type Environment, loadConfig } from '../config/load.ts';
import { createHubClock } from '../network/hub-clock.ts';
import { createOutbound } from '../network/outbound.ts';
import { createProvisioning } from './provision.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'provision-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = (): Record<string, unknown> => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
const write = (content: object) => writeFileSync(join(home, 'config.json'), JSON.stringify(content), { mode: 0o600 });

/** Provisioning of a connector that starts in the home, with its log. */
function start(environment: Environment = {}) {
  const lines: string[] = [];
  const onLine: ((line: string) => void)[] = [];
  const { log } = createLog({
    level: 'info',
    format: 'text',
    destination: {
      write: (line) => {
        lines.push(line);
        for (const listener of onLine) listener(line);
      },
    },
  });
  const config = loadConfig(home, environment);
  const hubClock = createHubClock({ limitMs: 600_000, log });
  const provisioning = createProvisioning({ config, outbound: createOutbound(config.values), hubClock, log, agentVersion: '1.2.3' });
  const logged = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const found = lines.find((line) => pattern.test(line));
      if (found !== undefined) resolve(found);
      onLine.push((line) => pattern.test(line) && resolve(line));
    });
  return { ...provisioning, lines, logged, provision: () => provisioning.provision(new AbortController().signal) };
}

async function failure(promise: Promise<unknown>): Promise<CodedError> {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CodedError, String(error));
  assert.doesNotMatch(`${errorText(error)} ${error.action} ${error.stack}`, new RegExp(SECRET));
  assert.ok(error.action);
  return error;
}

describe('a first start', () => {
  it('reads the ticket, creates and registers a certificate, and saves the answer', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket, LDAP_BIND_PASSWORD: 'pw-secret', OTHER: 1 });
    const connector = start();
    const { instance, browsers, ...target } = await connector.provision();
    assert.deepEqual(target, {
      hubUrl: INFO.adHub,
      connection: 'fabrikam-ad',
      realm: 'urn:auth0:fabrikam',
      signingKeyPem: 'SIGNING KEY',
      jwksUrl: `${new URL(hub.ticket).origin}/.well-known/jwks.json`,
      hubIdentity: undefined,
    });
    const certificate = new X509Certificate(readFileSync(join(home, 'certs', 'cert.pem')));
    assert.equal(certificate.subject, 'CN=fabrikam-ad\nOU=fabrikam.example');
    assert.deepEqual(
      { ...browsers, privateKey: undefined, certificate: browsers?.certificate.fingerprint256 },
      {
        wsfedIssuer: 'fabrikam.example',
        replyAddresses: 'https://a.example/cb,https://b.example/cb',
        kerberos: true,
        clientCertificates: false,
        privateKey: undefined,
        certificate: certificate.fingerprint256,
      },
    );
    const [post] = hub.posts;
    assert.deepEqual(post, {
      certs: [certificate.raw.toString('base64')],
      signInEndpoint: `${file().SERVER_URL}/wsfed`,
      agentMode: true,
      agentVersion: '1.2.3',
      capabilities: { useJWKS: true },
      instance,
    });
    assert.equal(instance.version, '1.2.3');
    const { LDAP_BIND_CREDENTIALS, SERVER_URL, ...kept } = file();
    assert.deepEqual(kept, {
      PROVISIONING_TICKET: hub.ticket,
      OTHER: 1,
      AD_HUB: INFO.adHub,
      WSFED_ISSUER: 'fabrikam.example',
      CONNECTION: 'fabrikam-ad',
      CLIENT_CERT_AUTH: false,
      KERBEROS_AUTH: true,
      REALM: 'urn:auth0:fabrikam',
      SITE_NAME: 'fabrikam-ad',
      'urn:auth0:fabrikam': 'https://a.example/cb,https://b.example/cb',
      LAST_SENT_THUMBPRINT: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      TENANT_SIGNING_KEY: 'SIGNING KEY',
    });
    assert.match(String(SERVER_URL), /^http:\/\/[^/]+:4000$/);
    assert.equal(decryptPassword(String(LDAP_BIND_CREDENTIALS), connector.privateKeyPem), 'pw-secret');
    assert.ok(certificate.checkPrivateKey(connector.privateKey));
    assert.equal(statSync(join(home, 'config.json')).mode & 0o777, 0o600);
  });

  it('asks the hub each time, writes only what changed, and creates no second certificate', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket, SITE_NAME: 'ours' });
    const connector = start();
    await connector.provision();
    const certificate = readFileSync(join(home, 'certs', 'cert.pem'), 'utf8');
    const written = statSync(join(home, 'config.json'));
    await connector.provision();
    assert.equal(statSync(join(home, 'config.json')).ino, written.ino, 'the file was written although nothing changed');

    hub.info = { body: { ...INFO, kerberos: false } };
    hub.registered = { body: { signingKey: '' } };
    const target = await start().provision();
    assert.equal(target.signingKeyPem, undefined);
    assert.equal(file().KERBEROS_AUTH, false);
    assert.equal(file().TENANT_SIGNING_KEY, undefined);
    assert.equal(file().SITE_NAME, 'ours');
    assert.equal(readFileSync(join(home, 'certs', 'cert.pem'), 'utf8'), certificate);
    assert.equal(hub.posts.length, 3);
  });

  it('treats an empty answer to the registration as one without a signing key', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket });
    hub.registered = { body: '', type: 'text/plain' };
    const target = await start().provision();
    assert.deepEqual([target.signingKeyPem, target.connection], [undefined, INFO.connectionName]);
    assert.equal(target.jwksUrl, new URL('/.well-known/jwks.json', hub.ticket).href);
  });

  it('keeps concurrent edits of the file', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket });
    const connector = start();
    write({ PROVISIONING_TICKET: hub.ticket, LDAP_BASE: 'DC=typed' });
    await connector.provision();
    assert.equal(file().LDAP_BASE, 'DC=typed');
  });

  it('with OVERRIDE_CONFIG=false, writes only the certificate, and uses it at the next start', async (t) => {
    const hub = await startTicketServer(t);
    const environment = { OVERRIDE_CONFIG: 'false', PROVISIONING_TICKET: `${hub.ticket}/`, LDAP_BIND_PASSWORD: 'x' };
    const connector = start(environment);
    assert.equal((await connector.provision()).connection, 'fabrikam-ad');
    assert.deepEqual(readdirSync(home), ['certs']);
    await start(environment).provision();
    assert.deepEqual(hub.posts[0], hub.posts[1]);
  });

  it('warns with OVERRIDE_CONFIG=false if the certificate cannot be saved', async (t) => {
    const hub = await startTicketServer(t);
    // A file in place of the folder also stops root.
    writeFileSync(join(home, 'certs'), '');
    const connector = start({ OVERRIDE_CONFIG: 'false', PROVISIONING_TICKET: `${hub.ticket}/`, LDAP_BIND_PASSWORD: 'x' });
    assert.equal((await connector.provision()).connection, 'fabrikam-ad');
    await connector.provision();
    assert.equal(connector.lines.filter((line) => line.includes('AUTH_CERT')).length, 1);
    assert.deepEqual(hub.posts[0], hub.posts[1]);
  });

  it('does not write values from the environment', async (t) => {
    const hub = await startTicketServer(t);
    write({});
    await start({ PROVISIONING_TICKET: hub.ticket }).provision();
    assert.equal(file().PROVISIONING_TICKET, undefined);
    assert.equal(file().CONNECTION, 'fabrikam-ad');
  });

  it('does not let a realm overwrite a setting', async (t) => {
    const hub = await startTicketServer(t);
    hub.info = { body: { ...INFO, realm: { name: 'HUB_INSECURE_NO_TLS', postTokenUrl: 'true' } } };
    write({ PROVISIONING_TICKET: hub.ticket });
    await start().provision();
    assert.equal(file().HUB_INSECURE_NO_TLS, undefined);
  });
});

describe('an unusable ticket', () => {
  const cases: [string, Answer, string][] = [
    ['unknown', { status: 404 }, 'TICKET_UNKNOWN'],
    ['answered by a page', { type: 'text/html', body: '<html>' }, 'TICKET_NOT_JSON'],
    ['answered by a failure', { status: 500 }, 'TICKET_STATUS'],
    ['redirected', { status: 302 }, 'TICKET_STATUS'],
    ['answered without what is needed', { body: { ...INFO, adHub: undefined } }, 'TICKET_ANSWER_INVALID'],
    ['answered by broken JSON', { body: '{' }, 'TICKET_ANSWER_INVALID'],
    ['answered with a hub that is not a URL', { body: { ...INFO, adHub: 'hub' } }, 'TICKET_ANSWER_INVALID'],
    ['answered with a hub of another kind', { body: { ...INFO, adHub: 'ftp://localhost/' } }, 'TICKET_ANSWER_INVALID'],
    ['answered by a hub without TLS', { body: { ...INFO, adHub: 'http://hub.example/' } }, 'HUB_NOT_ENCRYPTED'],
  ];
  for (const [name, answer, code] of cases) {
    it(`${name}: ${code}`, async (t) => {
      const hub = await startTicketServer(t);
      hub.info = answer;
      write({ PROVISIONING_TICKET: hub.ticket });
      assert.equal((await failure(start().provision())).code, code);
      assert.equal(existsSync(join(home, 'certs')), false);
    });
  }

  it('names the missing field', async (t) => {
    const hub = await startTicketServer(t);
    hub.info = { body: { ...INFO, realm: {} } };
    write({ PROVISIONING_TICKET: hub.ticket });
    assert.match((await failure(start().provision())).message, /realm\.name/);
  });
});

describe('a hub that does not answer', () => {
  it('causes a warning if the last answer is known, which is used', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket });
    const first = await start().provision();
    await hub.close();
    const connector = start();
    // The first run created key and certificate, and this one read them from files.
    const comparable = ({ browsers, ...target }: typeof first) => ({
      ...target,
      browsers: { ...browsers, privateKey: undefined, certificate: browsers?.certificate.fingerprint256 },
    });
    assert.deepEqual(comparable(await connector.provision()), comparable(first));
    const warning = await connector.logged(/warn/);
    assert.match(warning, /HUB_UNREACHABLE/);
    assert.doesNotMatch(warning, new RegExp(SECRET));
  });

  it('causes an error without a last answer', async (t) => {
    const hub = await startTicketServer(t);
    write({ PROVISIONING_TICKET: hub.ticket });
    await hub.close();
    assert.equal((await failure(start().provision())).code, 'HUB_UNREACHABLE');
  });

  it('is not asked without a ticket', async () => {
    write({ AD_HUB: 'wss://hub.example/lo/hub', CONNECTION: 'c', REALM: 'urn:x' });
    const { instance: _, browsers, ...target } = await start().provision();
    // Without a certificate nobody could verify a signature.
    assert.equal(browsers, undefined);
    assert.deepEqual(target, {
      hubUrl: 'wss://hub.example/lo/hub',
      connection: 'c',
      realm: 'urn:x',
      signingKeyPem: undefined,
      jwksUrl: 'https://hub.example/.well-known/jwks.json',
      hubIdentity: undefined,
    });
  });
});

describe('clocks', () => {
  it('cause a warning with amount and direction if they differ by more than 5 s', async (t) => {
    const hub = await startTicketServer(t);
    hub.clock = () => Date.now() + 60_000;
    write({ PROVISIONING_TICKET: hub.ticket });
    const connector = start();
    await connector.provision();
    assert.match(await connector.logged(/clock/), /warn .*(59|60)\.\d s behind/);
  });
});

it('encrypts a typed password at once if there is a certificate', async (t) => {
  const hub = await startTicketServer(t);
  write({ PROVISIONING_TICKET: hub.ticket });
  await start().provision();
  write({ ...file(), LDAP_BIND_PASSWORD: 'typed later' });
  await hub.close();
  const connector = start();
  assert.equal(file().LDAP_BIND_PASSWORD, undefined);
  assert.equal(decryptPassword(String(file().LDAP_BIND_CREDENTIALS), connector.privateKeyPem), 'typed later');
  assert.doesNotMatch(connector.lines.join(''), /typed later/);
});
