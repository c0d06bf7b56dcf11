import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '../../ldap/entry.ts';
import type { LdapResult } from '../../ldap/messages.ts';
import { PASSWORD_POLICY_OID } from '../../ldap/password-policy.ts';
import { AD_PASSWORD_EXPIRY, passwordWarning } from './password-warning.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;

function entryWith(expiry: string | undefined): Entry {
  const values = expiry === undefined ? [] : [Buffer.from(expiry)];
  return { dn: 'CN=x', attributes: new Map([[AD_PASSWORD_EXPIRY.toLowerCase(), { name: AD_PASSWORD_EXPIRY, values }]]) };
}
const fileTime = (unixMs: number) => String((BigInt(unixMs) + 11_644_473_600_000n) * 10_000n);

describe('the warning about a password', () => {
  it('is the expiry that Active Directory computed, if it is near', () => {
    const warn = (expiry: string | undefined, days = 5) => passwordWarning(entryWith(expiry), undefined, days, NOW_MS);
    assert.deepEqual(warn(fileTime(NOW_MS + 2 * DAY_MS)), { passwordExpiresAt: '2026-11-24T12:00:00.000Z' });
    assert.deepEqual(warn(fileTime(NOW_MS + 5 * DAY_MS)), { passwordExpiresAt: '2026-11-27T12:00:00.000Z' });
    // Far away, past, to be changed, never, missing, and not a time.
    const nothing = [
      fileTime(NOW_MS + 6 * DAY_MS),
      fileTime(NOW_MS - 1),
      '0',
      '9223372036854775807',
      undefined,
      '',
      '-1',
      '1'.repeat(40),
      'x',
    ];
    for (const expiry of nothing) assert.deepEqual(warn(expiry), {}, expiry);
    assert.deepEqual(warn(fileTime(NOW_MS + 1), 0), {});
  });

  it('is what the password policy reported at the bind', () => {
    const bind = (oid: string, value: Buffer): LdapResult => ({
      resultCode: 0,
      matchedDn: '',
      diagnosticMessage: '',
      referrals: [],
      controls: new Map([[oid, value]]),
    });
    const warn = (result: LdapResult) => passwordWarning(entryWith(undefined), result, 5, NOW_MS);
    assert.deepEqual(warn(bind(PASSWORD_POLICY_OID, Buffer.from('3006a00480020e10', 'hex'))), {
      passwordExpiresAt: '2026-11-22T13:00:00.000Z',
    });
    assert.deepEqual(warn(bind(PASSWORD_POLICY_OID, Buffer.from('3005a003810102', 'hex'))), { passwordGraceLogins: 2 });
    assert.deepEqual(warn(bind('2.16.840.1.113730.3.4.5', Buffer.from('3600'))), { passwordExpiresAt: '2026-11-22T13:00:00.000Z' });
    assert.deepEqual(warn(bind('2.16.840.1.113730.3.4.5', Buffer.from('x'.repeat(100)))), {});
  });
});
