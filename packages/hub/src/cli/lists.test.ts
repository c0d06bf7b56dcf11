/** Lists of commands: tables for people, and JSON in the shape of the API for programs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { apiKeysResponse, auditResponse, clientsResponse, connectionsResponse, signingKeysResponse } from '../api/responses.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'landbridge-hub');
const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-lists-'));
after(() => rmSync(home, { recursive: true }));

function hub(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(PROGRAM, [...args, '--home', home], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** As a terminal of 80 columns gets it. */
function onTerminal(command: string, environment: Record<string, string> = {}): string {
  const { stdout } = spawnSync('script', ['-qec', `stty cols 80; ${PROGRAM} ${command} --home ${home}`, '/dev/null'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...environment },
  });
  return stdout.replaceAll('\r\n', '\n');
}

before(() => {
  hub('connection', 'create', 'corp', '--display-name', 'Fabrikam');
  hub('key', 'create', 'billing', '--scope', 'sign-in', '--connection', 'corp', '--days', '30');
  hub('client', 'create', 'Payroll', '--redirect-uri', 'https://payroll.fabrikam.example/a/long/redirect/uri');
  hub('admin', 'invite', 'ben@fabrikam.example');
});

describe('a list', () => {
  it('with --json has the shape of the API', () => {
    const json = (...args: string[]) => JSON.parse(hub(...args, '--json'));
    assert.equal(apiKeysResponse.parse(json('key', 'list')).apiKeys[0]?.name, 'billing');
    assert.equal(clientsResponse.parse(json('client', 'list')).clients[0]?.name, 'Payroll');
    signingKeysResponse.parse(json('signing-key', 'list'));
    assert.ok(auditResponse.parse(json('audit', 'list')).records.length > 3);
    // Only a running hub knows the sockets.
    const { connections } = json('connection', 'list');
    connectionsResponse.parse({ connections: [{ ...connections[0], connectors: [] }] });
    assert.deepEqual(json('connection', 'show', 'corp').connection, connections[0]);
    assert.deepEqual(json('connector', 'list', 'corp'), { connectors: [] });
    assert.match(json('identity', 'show').fingerprint, /^\S{43}$/);
    assert.equal(json('admin', 'list').administrators[0].ready, false);
  });

  it('fits a terminal of 80 columns, with a bold header', () => {
    for (const command of ['key list', 'client list', 'connection list', 'admin list']) {
      const output = onTerminal(command);
      assert.ok(output.startsWith('\u001b[1m'), output);
      for (const line of stripVTControlCharacters(output).split('\n')) assert.ok(line.length <= 80, line);
    }
  });

  it('has no colours in a pipe, with NO_COLOR or with --no-color, and is not cut in a pipe', () => {
    const plain = hub('client', 'list');
    assert.match(plain, /https:\/\/payroll\.fabrikam\.example\/a\/long\/redirect\/uri\n/);
    for (const output of [plain, onTerminal('client list', { NO_COLOR: '1' }), onTerminal('client list --no-color')]) {
      assert.ok(!output.includes('\u001b'), output);
    }
  });
});
