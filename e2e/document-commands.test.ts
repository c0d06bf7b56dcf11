/** Readers can copy the commands of the documents. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { blocksOf, type DocumentRun, runDocument } from './document-commands.ts';

const CHECKOUT = join(import.meta.dirname, '..');

const SIGN_IN = `
CORRELATION_ID=$(curl --include --header "Authorization: Bearer $KEY" --json '{"username": "alice", "password": "Passw0rd!"}' \\
  "http://127.0.0.1:$HUB_PORT/api/connections/fabrikam/login" | sed -n 's/^x-correlation-id: //Ip' | tr -d '\\r')`;

const DOCUMENTS: readonly DocumentRun[] = [
  { document: 'README.md', world: 'nothing' },
  {
    document: 'docs/operations.md',
    world: 'hub and connector',
    before: SIGN_IN,
    values: {
      'hub-2026-11-20': 'hub-$(date +%F)',
      '4711:9f2c…:07ab…': '$(landbridge-hub audit verify | grep -oE "[0-9]+:\\S+:\\S+")',
      '--home …': '',
      'siem-export.log': '<(landbridge-hub audit verify)',
      '7d2f…': '$CORRELATION_ID',
    },
  },
  { document: 'docs/hub-api.md', world: 'hub and connector', values: { '"…"': '"Passw0rd!"' } },
  { document: 'docs/dashboard.md', world: 'hub and connector', values: { NAME: 'owner' } },
  { document: 'docs/application-example.md', world: 'hub and connector' },
  { document: 'docs/applications.md', world: 'hub and connector' },
  { document: 'docs/high-availability.md', world: 'hub and connector' },
  {
    document: 'docs/openid-connect.md',
    world: 'hub and connector',
    before: 'landbridge-hub connection create corp',
    values: { ' ID ': ' $CLIENT_ID ' },
  },
  {
    document: 'docs/troubleshooting.md',
    world: 'hub and connector',
    values: { 'support.zip': '$ROOT/support.zip --yes' },
  },
  {
    document: 'docs/unattended.md',
    world: 'nothing',
    before: `ANSWERS=$ROOT/answers
landbridge-hub run
landbridge-hub connection create first
ticket_file=$ROOT/ticket; echo "$TICKET" >"$ticket_file"; echo "$SERVICE_PASSWORD" >"$ROOT/password"
cat >"$ANSWERS" <<END
PROVISIONING_TICKET_FILE = $ticket_file
LDAP_URL = $DIRECTORY_URL
LDAP_BASE = $DIRECTORY_BASE
LDAP_BIND_USER = $SERVICE_ACCOUNT
LDAP_BIND_PASSWORD_FILE = $ROOT/password
END`,
    values: {
      'landbridge-connector setup --answers - --yes < /root/connector.answers': 'landbridge-connector setup --answers - --yes < $ANSWERS',
    },
  },
];

/** Why a test may leave commands out. */
const REASONS = [
  'another test runs it',
  'changes this checkout',
  'needs a Kubernetes cluster',
  'needs an installed Auth0 connector',
  'needs built packages and a container engine',
  'needs built packages and root',
  'needs macOS',
  'needs root',
  'needs Windows',
  'takes minutes',
];

interface Shown {
  document: string;
  line: number;
  shown: unknown;
  answered: unknown;
}

/** The answers after the commands: a value in the document stands in the answer too, `…` for any text, and numbers for any number. */
function compare({ document, line, shown, answered }: Shown, path = ''): string[] {
  const place = `${document}:${line}${path}`;
  if (typeof shown === 'string' && typeof answered === 'string')
    return shown === answered || shown.includes('…') ? [] : [`${place}: ${JSON.stringify(answered)} instead of ${JSON.stringify(shown)}`];
  if (typeof shown !== typeof answered || Array.isArray(shown) !== Array.isArray(answered))
    return [`${place}: ${JSON.stringify(answered)}`];
  if (typeof shown !== 'object' || shown === null || typeof answered !== 'object' || answered === null)
    return typeof shown === 'number' || shown === answered ? [] : [`${place}: ${String(answered)} instead of ${String(shown)}`];
  const fields = new Map(Object.entries(answered));
  return Object.entries(shown).flatMap(([name, value]) =>
    compare({ document, line, shown: value, answered: fields.get(name) }, `${path}.${name}`),
  );
}

test('each block of commands in the documents is run by a test, or says why not', () => {
  const run = [...DOCUMENTS.map(({ document }) => document), 'docs/api-examples.md'];
  const open: string[] = [];
  for (const document of ['README.md', ...globSync('docs/*.md', { cwd: CHECKOUT })]) {
    for (const { language, text, line, reason } of blocksOf(readFileSync(join(CHECKOUT, document), 'utf8'))) {
      const place = `${document}:${line}`;
      if (reason !== undefined && !REASONS.includes(reason)) open.push(`${place}: unknown reason "${reason}"`);
      if (language === 'sh' && reason === undefined && !run.includes(document)) open.push(`${place}: not run`);
      if (language === '' && /^(?:landbridge-|npm |curl |systemctl |sudo |docker |podman )/m.test(text))
        open.push(`${place}: not marked as sh`);
    }
  }
  assert.deepEqual(open, []);
});

describe('the commands of a document work', { concurrency: 3 }, () => {
  for (const run of DOCUMENTS) it(run.document, () => runDocument(run).then(() => undefined));

  it('docs/api-examples.md, and the answers are those on the page', async () => {
    const document = 'docs/api-examples.md';
    // Some answers are errors.
    const before = 'curl() { command curl --silent --show-error "$@"; }';
    const results = await runDocument({ document, world: 'hub and connector', before });
    const answers = blocksOf(readFileSync(join(CHECKOUT, document), 'utf8')).filter(({ language }) => language === 'json');
    assert.equal(answers.length, results.length);
    const wrong = results.flatMap(({ output }, index) => {
      const { text = '', line = 0 } = answers[index] ?? {};
      return compare({ document, line, shown: JSON.parse(text), answered: JSON.parse(output) });
    });
    assert.deepEqual(wrong, []);
  });
});
