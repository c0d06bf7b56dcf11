import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTlsVerification, tlsVerificationWarning } from './tls-verification.ts';

test('removes the variable that disables verification, and says what to do instead', () => {
  requireTlsVerification();
  assert.equal(tlsVerificationWarning('Use CA_CERT'), undefined);
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  requireTlsVerification();
  assert.equal(process.env.NODE_TLS_REJECT_UNAUTHORIZED, undefined);
  requireTlsVerification();
  assert.match(tlsVerificationWarning('Use CA_CERT') ?? '', /^NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect: .* Use CA_CERT, and remove/);
});
