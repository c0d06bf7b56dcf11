import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkStatus } from '../hub/link.ts';
import type { DirectoryStatus } from '../ldap/directory.ts';
import { headline } from './headline.ts';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const CONNECTED: LinkStatus = { state: 'connected', hub: 'hub.example', sinceMs: Date.parse('2026-12-01T10:12:34Z') };

function directory(states: readonly DirectoryStatus['servers'][number]['state'][], change: Partial<DirectoryStatus> = {}): DirectoryStatus {
  const servers = states.map((state, index) => ({
    ...{ url: `ldaps://dc${index}.example`, state, inUse: index === 0, since: new Date(NOW) },
    ...{ product: undefined, recognition: undefined, error: undefined },
  }));
  const connected = states.includes('healthy');
  return { urls: [], encrypted: true, connected, connecting: false, error: undefined, product: undefined, servers, ...change };
}

async function textOf(hub: LinkStatus, status: DirectoryStatus): Promise<[string, string]> {
  const { tone, text } = headline({ hub, directory: status }, NOW);
  return [tone, String(await text).replace(/<[^>]*>/g, '')];
}

describe('the headline', () => {
  it('says that users can sign in, since when, and how many servers answer', async () => {
    assert.deepEqual(await textOf(CONNECTED, directory(['healthy', 'standby'])), [
      'good',
      'Users can sign in. Connected to hub.example since 10:12 UTC, two directory servers answer.',
    ]);
    const yesterday = { ...CONNECTED, sinceMs: Date.parse('2026-11-30T10:12:34Z') };
    assert.match(
      (await textOf(yesterday, directory(['healthy', 'unreachable'])))[1],
      /2026-11-30 10:12 UTC, one of two directory servers answers\./,
    );
  });

  it('names what keeps users from signing in', async () => {
    const away: LinkStatus = { state: 'waiting', reason: 'x', untilMs: NOW };
    const down = directory(['unreachable']);
    assert.deepEqual(await textOf(away, directory(['healthy'])), ['bad', 'Users cannot sign in: the hub cannot be reached.']);
    assert.deepEqual(await textOf(CONNECTED, down), ['bad', 'Users cannot sign in: no directory server answers.']);
    assert.match((await textOf(away, down))[1], /neither can the directory/);
    assert.match((await textOf({ state: 'rejected', reason: 'x', isRevoked: true, untilMs: NOW }, down))[1], /revoked the key/);
    assert.match(
      (await textOf({ state: 'rejected', reason: 'x', isRevoked: false, untilMs: NOW }, down))[1],
      /does not accept this connector/,
    );
  });

  it('claims nothing while the first connections are opened', async () => {
    assert.equal((await textOf({ state: 'connecting' }, directory(['healthy'])))[0], 'busy');
    assert.equal((await textOf(CONNECTED, directory(['untried'], { connecting: true })))[0], 'busy');
  });
});
