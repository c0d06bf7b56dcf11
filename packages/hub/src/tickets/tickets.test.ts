import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { installCommands } from './tickets.ts';

test('a revoked ticket registers no connector, a renewed one does, and registered connectors stay', async (t) => {
  const { api, createConnection } = await startHubForTest(t);
  const ticket = await createConnection();
  const provisioned = await provision(ticket, makeIdentity());
  assert.equal((await api('/connections/corp/ticket', undefined, 'DELETE')).status, 204);
  for (const path of ['', '/', 'none', 'undefined', 'null'])
    assert.equal((await fetch(`${ticket.replace(/[^/]+$/, path)}/info`)).status, 404, path);
  assert.equal((await fetch(`${ticket}/info`)).status, 404);
  assert.equal((await fetch(ticket, { method: 'POST', body: JSON.stringify({ certs: ['AA'] }) })).status, 404);
  await connect(provisioned);
  const { body } = await api('/connections/corp/ticket', {});
  assert.equal((await fetch(`${body.ticket}/info`)).status, 200);
  assert.ok(body.install.shell.includes(body.ticket));
  assert.equal((await api('/connections/nobody/ticket', undefined, 'DELETE')).status, 404);
});

test('a ticket is looked up by its hash, so that the time does not reveal how close a guess is', async (t) => {
  const { createConnection, store } = await startHubForTest(t);
  const ticket = (await createConnection()).split('/').at(-1) ?? '';
  const [, secret = ''] = ticket.split('.');
  const [connection] = await store.connections();
  assert.ok(connection);
  const stored = JSON.stringify([connection, await store.tickets(connection.id)]);
  assert.equal(await store.ticketByHash(ticket), undefined);
  assert.ok(!stored.includes(ticket) && !stored.includes(secret));
});

test('the install command passes the ticket in the environment, where other users of the machine do not see it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'landbridge-connector');
  writeFileSync(program, '#!/bin/sh\necho "$PROVISIONING_TICKET|$*"\n');
  chmodSync(program, 0o755);
  const { shell } = installCommands('https://hub.example.com/p/ad/a-b_c');
  const { stdout } = spawnSync('sh', ['-ec', shell], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${folder}${delimiter}${process.env.PATH}` },
  });
  assert.equal(stdout, 'https://hub.example.com/p/ad/a-b_c|setup --home connector\n|run --home connector\n');
});
