import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { withCredentials } from './credentials.ts';

function credentials(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-credentials-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

it('reads each credential of the program as a setting, without its line end', (t) => {
  const CREDENTIALS_DIRECTORY = credentials(t, { 'landbridge-hub_A': 'one \n', 'landbridge-hub_B': 'two', 'landbridge-hub-key': 'key' });
  assert.deepEqual(withCredentials({ CREDENTIALS_DIRECTORY }, 'landbridge-hub'), { CREDENTIALS_DIRECTORY, A: 'one ', B: 'two' });
});

it('an environment variable overrides a credential', (t) => {
  const CREDENTIALS_DIRECTORY = credentials(t, { 'landbridge-hub_A': 'one' });
  assert.equal(withCredentials({ CREDENTIALS_DIRECTORY, A: 'two' }, 'landbridge-hub').A, 'two');
});

it('a file that the environment names overrides a credential', (t) => {
  const environment = { CREDENTIALS_DIRECTORY: credentials(t, { 'landbridge-hub_A': 'one' }), A_FILE: '/run/secrets/a' };
  assert.deepEqual(withCredentials(environment, 'landbridge-hub'), environment);
});

it('changes nothing outside a service with credentials', () => {
  assert.deepEqual(withCredentials({ A: 'one' }, 'landbridge-hub'), { A: 'one' });
});
