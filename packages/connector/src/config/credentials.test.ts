import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes, scryptSync } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { CodedError, errorText } from '@landbridge/runtime';
import { bindPassword, decryptPassword, encryptPassword } from './credentials.ts';
import { loadConfig } from './load.ts';

const newKey = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;

const PASSWORD = 'pa$$ wörd „“ 🔑 ';
let key: string;
let otherKey: string;
before(() => {
  key = newKey();
  otherKey = newKey();
});

describe('format 2', () => {
  it('is decrypted if another program wrote it', () => {
    const salt = randomBytes(16);
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', scryptSync(key, salt, 32), iv);
    const text = `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${cipher.update(PASSWORD, 'utf8', 'hex')}${cipher.final('hex')}`;
    assert.equal(decryptPassword(text, key), PASSWORD);
  });

  it('can be decrypted by another program', () => {
    const [mark, salt, iv, encrypted] = encryptPassword(PASSWORD, key).split('.');
    assert.equal(mark, '$2$');
    assert.equal(salt?.length, 32);
    assert.equal(iv?.length, 32);
    const decipher = createDecipheriv('aes-256-cbc', scryptSync(key, Buffer.from(salt ?? '', 'hex'), 32), Buffer.from(iv ?? '', 'hex'));
    assert.equal(decipher.update(encrypted ?? '', 'hex', 'utf8') + decipher.final('utf8'), PASSWORD);
  });

  it('differs each time', () => assert.notEqual(encryptPassword(PASSWORD, key), encryptPassword(PASSWORD, key)));
});

describe('format 1', () => {
  it('is decrypted if openssl wrote it', () => {
    // OpenSSL uses only the first line of a password file, so this key has one line. The derivation is the same.
    const secret = randomBytes(100).toString('base64');
    const encrypted = execFileSync('openssl', ['enc', '-aes-256-cbc', '-md', 'md5', '-nosalt', '-pass', `pass:${secret}`], {
      input: PASSWORD,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    assert.equal(decryptPassword(encrypted.toString('hex'), secret), PASSWORD);
  });

  it('is decrypted with the whole text of the key file, line ends included', () => {
    // Key and IV as EVP_BytesToKey derives them, computed with openssl's MD5.
    const md5 = (...parts: Buffer[]) => execFileSync('openssl', ['dgst', '-md5', '-binary'], { input: Buffer.concat(parts) });
    const secret = Buffer.from(key);
    const first = md5(secret);
    const second = md5(first, secret);
    const third = md5(second, secret);
    const encrypted = execFileSync(
      'openssl',
      ['enc', '-aes-256-cbc', '-K', first.toString('hex') + second.toString('hex'), '-iv', third.toString('hex')],
      { input: PASSWORD },
    );
    assert.equal(decryptPassword(encrypted.toString('hex'), key), PASSWORD);
  });
});

/** What decryption with a wrong key may result in: not text, but with valid padding. */
function withGoodPadding(wrongKey: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', scryptSync(wrongKey, salt, 32), iv);
  const noText = Buffer.from([0xff, 0xfe, ...randomBytes(20)]);
  return `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${cipher.update(noText, undefined, 'hex')}${cipher.final('hex')}`;
}

describe('credentials that cannot be read', () => {
  it('cause an error with the setting and an action, but no secret', async (t) => {
    const good = encryptPassword(PASSWORD, key);
    // A wrong key leaves valid padding once in 256 times, and here it does.
    const wrong = Array.from({ length: 3 }, () => withGoodPadding(otherKey));
    for (const [title, credentials] of [
      ['another key', good],
      ...wrong.map((text) => ['another key, with valid padding', text] as const),
      ['not hexadecimal', 'not hex'],
      ['empty', ''],
      ['format 2, too short', '$2$.aa.bb.cc'],
      ['unknown format', '$3$.00.00.00'],
      ['truncated', good.slice(0, -2)],
      ['format 1, too short', 'ab'],
      ['format 1, another key', '00'.repeat(16)],
    ] as const) {
      await t.test(title, () => {
        assert.throws(
          () => decryptPassword(credentials, otherKey),
          (error) => {
            assert.ok(error instanceof CodedError);
            assert.equal(error.code, 'CREDENTIALS_UNREADABLE');
            assert.match(error.message, /LDAP_BIND_CREDENTIALS/);
            assert.match(error.action ?? '', /LDAP_BIND_PASSWORD/);
            assert.ok(!errorText(error).includes(PASSWORD) && !(credentials && errorText(error).includes(credentials)));
            return true;
          },
        );
      });
    }
  });
});

describe('the password in use', () => {
  const config = (environment: Record<string, string>) => loadConfig('/nonexistent', environment);
  it('is the typed one, if there is also an encrypted one', () => {
    const old = encryptPassword('old', key);
    assert.equal(bindPassword(config({ LDAP_BIND_PASSWORD: 'new', LDAP_BIND_CREDENTIALS: old }), key), 'new');
    assert.equal(bindPassword(config({ LDAP_BIND_CREDENTIALS: old }), key), 'old');
    assert.equal(bindPassword(config({}), key), undefined);
  });
  it('is the one in the environment, if there is also one in the file', () => {
    const fromEnvironment = config({ LDAP_BIND_PASSWORD: 'from file', LDAP_BIND_CREDENTIALS: encryptPassword('from environment', key) });
    const origins = { ...fromEnvironment.origins, LDAP_BIND_PASSWORD: 'file' } as const;
    assert.equal(bindPassword({ values: fromEnvironment.values, origins }, key), 'from environment');
  });
  it('cannot be decrypted without a key', () => {
    assert.throws(() => bindPassword(config({ LDAP_BIND_CREDENTIALS: encryptPassword('x', key) }), undefined), {
      code: 'CREDENTIALS_UNREADABLE',
      message: /missing/,
    });
  });
});
