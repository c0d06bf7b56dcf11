import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInClear, ldapTransport } from './ldap-transport.ts';

const UNSET = { LDAP_STARTTLS: undefined, LDAP_INSECURE_NO_TLS: false };

describe('the transport to a directory server', () => {
  it('is encrypted to another machine unless clear text is allowed', () => {
    assert.equal(ldapTransport('ldap://dc.example', UNSET), 'starttls');
    assert.equal(ldapTransport('ldap://10.0.0.1:389', UNSET), 'starttls');
    assert.equal(ldapTransport('ldaps://dc.example', UNSET), 'ldaps');
    assert.equal(ldapTransport('ldap://dc.example', { ...UNSET, LDAP_INSECURE_NO_TLS: true }), 'none');
    assert.equal(ldapTransport('ldap://dc.example', { LDAP_STARTTLS: true, LDAP_INSECURE_NO_TLS: true }), 'starttls');
  });

  for (const host of ['localhost', '127.0.0.1', '127.0.0.77', '[::1]']) {
    it(`is not encrypted by default to ${host}, which is this machine`, () => {
      assert.equal(ldapTransport(`ldap://${host}`, UNSET), 'none');
      assert.equal(isInClear(`ldap://${host}`, UNSET), false);
    });
  }

  it('is StartTLS on this machine if that is set, and clear text to another only if that is allowed', () => {
    assert.equal(ldapTransport('ldap://localhost', { ...UNSET, LDAP_STARTTLS: true }), 'starttls');
    assert.equal(isInClear('ldap://dc.example', { ...UNSET, LDAP_INSECURE_NO_TLS: true }), true);
  });
});
