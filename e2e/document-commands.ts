/**
 * The commands in the documents: `sh` blocks, run by one shell for each document, as a reader copies them. Real programs run against the
 * demo directory; functions of the shell stand for what a machine of the reader has and this one does not (systemd, another account).
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startDirectory } from '@landbridge/directory';
import { freePort } from '@landbridge/lab';

const CHECKOUT = join(import.meta.dirname, '..');
const FENCE = /^(?:<!-- not run: (?<reason>[^\n]*) -->\n\n?)?```(?<language>[^\n]*)\n(?<text>.*?)^```$/gms;

export interface Block {
  /** Such as `sh`; empty without one. */
  language: string;
  text: string;
  /** Of the opening fence, from 1. */
  line: number;
  /** Why no test runs it. */
  reason?: string;
}

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCE)].map(({ 0: whole, index, groups = {} }) => ({
    language: groups.language ?? '',
    text: groups.text ?? '',
    line: markdown.slice(0, index + whole.indexOf('```')).split('\n').length,
    ...(groups.reason !== undefined && { reason: groups.reason }),
  }));
}

export interface DocumentRun {
  /** Such as `docs/operations.md`. */
  document: string;
  /** What the reader has when the page begins: nothing, or a hub and a connector that run. */
  world: 'nothing' | 'hub and connector';
  /** Texts of the document and what stands for them here, as the shell reads it. */
  values?: Readonly<Record<string, string>>;
  /** Shell commands before the first block. */
  before?: string;
}

export interface BlockResult {
  block: Block;
  /** Its standard output. */
  output: string;
}

/** @throws with the output and the block that failed */
export async function runDocument({ document, world, values = {}, before = '' }: DocumentRun): Promise<BlockResult[]> {
  const blocks = blocksOf(await readFile(join(CHECKOUT, document), 'utf8')).filter(
    ({ language, reason }) => language === 'sh' && reason === undefined,
  );
  const known = { ...EVERYWHERE, ...values };
  for (const given of Object.keys(values))
    if (!blocks.some((block) => block.text.includes(given))) throw new Error(`${document} does not contain ${given}`);
  const steps = blocks.map((block, index) => {
    let commands = block.text;
    for (const [given, own] of Object.entries(known)) commands = commands.replaceAll(given, own);
    return `STEP='${document}:${block.line}'\nexec >"$ROOT/output-${index}"\n${commands}`;
  });
  const root = await mkdtemp(join(tmpdir(), 'landbridge-documents-'));
  const directory = await startDirectory({ port: 0 });
  const shell = spawn('bash', ['-c', [PRELUDE, world === 'nothing' ? '' : HUB_AND_CONNECTOR, before, ...steps].join('\n')], {
    cwd: CHECKOUT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that nothing that the commands started stays.
    detached: true,
    env: {
      PATH: `${join(CHECKOUT, 'node_modules/.bin')}:${process.env.PATH}`,
      HOME: root,
      ROOT: root,
      HUB_PORT: String(await freePort()),
      HEALTH: String(await freePort()),
      DIRECTORY_PORT: String(await freePort()),
      DIRECTORY_URL: directory.url,
      DIRECTORY_BASE: directory.baseDn,
      SERVICE_ACCOUNT: directory.serviceAccount.dn,
      SERVICE_PASSWORD: directory.serviceAccount.password,
    },
  });
  try {
    const ended = new Promise<number | null>((resolve) => shell.once('close', (code) => resolve(code)));
    const [, errors, exitCode] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
    const results = await Promise.all(
      blocks.map(async (block, index) => ({ block, output: await readFile(join(root, `output-${index}`), 'utf8').catch(() => '') })),
    );
    if (exitCode !== 0) throw new Error(`a command of ${document} failed:\n${results.map(({ output }) => output).join('')}${errors}`);
    return results;
  } finally {
    await directory.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** Addresses and folders that several documents name. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  '/opt/landbridge/node_modules/.bin/': '',
  '/var/lib/landbridge-': '$ROOT/landbridge/',
  '/etc/landbridge': '$ROOT/landbridge/connector',
  'https://hub.example.com': 'http://127.0.0.1:$HUB_PORT',
  'http://localhost:4100': 'http://127.0.0.1:$HUB_PORT',
  '/backup/': '$ROOT/backup/',
  ' 3890': ' $DIRECTORY_PORT',
};

const PRELUDE = `
set -eu -o pipefail
STEP='the preparations'
PROGRAM=
trap 'echo "failed: $STEP" >&2' ERR
trap 'trap "" TERM; kill -TERM 0; wait' EXIT
mkdir -p "$ROOT/landbridge/hub" "$ROOT/landbridge/connector" "$ROOT/backup"

wait_for() { for _ in $(seq 600); do if command curl -sf -o "$ROOT/ready" "$1"; then return; fi; sleep 0.1; done; cat "$ROOT"/*.log >&2; return 1; }
hub() { $PROGRAM env LANDBRIDGE_HOME="$ROOT/landbridge/hub" PORT="$HUB_PORT" landbridge-hub "$@"; }
connector() {
  env CONSOLE_PORT=0 HEALTH_PORT=$HEALTH LANDBRIDGE_HOME="$ROOT/landbridge/connector" landbridge-connector "$@"
}

# Programs that keep running have terminals of their own. Secrets that are shown once go where the reader keeps them.
landbridge-hub() {
  case "$1 \${2:-}" in
    run\\ *) (PROGRAM=exec; hub "$@") >>"$ROOT/hub.log" 2>&1 & HUB_PID=$!; wait_for "http://127.0.0.1:$HUB_PORT/readyz" ;;
    'key create') KEY=$(hub "$@"); echo "$KEY" ;;
    'connection create' | 'connector add') TICKET=$(hub "$@"); echo "$TICKET" ;;
    'client create') CLIENT=$(hub "$@"); echo "$CLIENT"; CLIENT_ID=$(sed -n 's/^client_id *//p' <<<"$CLIENT") ;;
    # The terminal asks before these.
    restore\\ * | 'identity rotate') hub "$@" --yes ;;
    *) hub "$@" ;;
  esac
}
landbridge-connector() {
  case "$1" in
    run) connector "$@" >>"$ROOT/connector.log" 2>&1 & wait_for "http://127.0.0.1:$HEALTH/readyz" ;;
    # The terminal asks for these.
    setup) PROVISIONING_TICKET=\${TICKET-} LDAP_URL=\${ANSWER_URL-$DIRECTORY_URL} LDAP_BASE=$DIRECTORY_BASE LDAP_BIND_USER=$SERVICE_ACCOUNT \\
      LDAP_BIND_PASSWORD=$SERVICE_PASSWORD connector "$@" ;;
    login) echo 'Passw0rd!' | connector "$@" ;;
    *) connector "$@" ;;
  esac
}
node() {
  if [[ $1 != packages/directory/* ]]; then command node "$@"; return; fi
  command node "$@" >>"$ROOT/directory.log" 2>&1 & ANSWER_URL=ldap://127.0.0.1:$DIRECTORY_PORT
  for _ in $(seq 600); do if grep -q alice "$ROOT/directory.log"; then return; fi; sleep 0.1; done; return 1
}
curl() { command curl --silent --show-error --fail-with-body "$@"; }
runuser() { shift 3; "$@"; }
systemctl() {
  case "$*" in
    'stop landbridge-hub') kill "$HUB_PID"; wait "$HUB_PID" || true ;;
    'start landbridge-hub') landbridge-hub run --home "$ROOT/landbridge/hub" ;;
    'enable --now landbridge-hub') : the hub runs ;;
    *) return 1 ;;
  esac
}
journalctl() { cat "$ROOT/hub.log"; }
`;

const HUB_AND_CONNECTOR = `
landbridge-hub run --home "$ROOT/landbridge/hub"
landbridge-hub key create everything --scope all
landbridge-hub connection create fabrikam
landbridge-connector setup
landbridge-connector run
for _ in $(seq 600); do if curl -H "Authorization: Bearer $KEY" "http://127.0.0.1:$HUB_PORT/api/connections/fabrikam/connectors" | grep -q online; then break; fi; sleep 0.1; done
`;
