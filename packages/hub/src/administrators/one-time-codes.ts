/** Codes of an authenticator app (TOTP, RFC 6238), and recovery codes in case it is lost. */
import { randomBytes } from 'node:crypto';
import { hashOfToken } from '@landbridge/web';
import { Secret, TOTP } from 'otpauth';
import type { AdministratorStore } from '../store/administrators.ts';

/** RFC 4226, section 4, R6, recommends 160 bits. */
const SECRET_BYTES = 20;
const SECRET = /^[A-Z2-7]{32}$/;
const PERIOD_SECONDS = 30;
/** Allows one step before and after, for clock skew and slow typing. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
/** 80 bits cannot be guessed, even from the hashes. */
const RECOVERY_CODE_BYTES = 10;

export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The content of the QR code. */
export function totpUri(secret: string, name: string, hub: string): string {
  return totpOf(secret, name, hub).toString();
}

/** @returns the time step of the code; undefined if it is wrong */
export function totpStep(secret: string, code: string, nowMs: number): number | undefined {
  const digits = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(digits) || !SECRET.test(secret)) return undefined;
  const delta = totpOf(secret).validate({ token: digits, timestamp: nowMs, window: WINDOW });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / PERIOD_SECONDS) + delta;
}

/** Replaces existing codes. @returns the new ones, to be shown once */
export async function renewRecoveryCodes(store: AdministratorStore, administratorId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () =>
    (new Secret({ buffer: new Uint8Array(randomBytes(RECOVERY_CODE_BYTES)).buffer }).base32.toLowerCase().match(/.{4}/g) ?? []).join('-'),
  );
  await store.replaceRecoveryCodes(administratorId, codes.map(hashOfRecoveryCode));
  return codes;
}

/** Ignores hyphens, spaces and case. */
export function hashOfRecoveryCode(typed: string): string {
  return hashOfToken(`recovery ${typed.toLowerCase().replace(/[\s-]/g, '')}`);
}

function totpOf(secret: string, label = '', issuer = ''): TOTP {
  return new TOTP({ secret, label, issuer, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS });
}
