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
  it('is read where another program wrote it', () => {
    const salt = randomBytes(16);
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', scryptSync(key, salt, 32), iv);
    const text = `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${cipher.update(PASSWORD, 'utf8', 'hex')}${cipher.final('hex')}`;
    assert.equal(decryptPassword(text, key), PASSWORD);
  });

  it('is written so that another program can read it', () => {
    const [mark, salt, iv, encrypted] = encryptPassword(PASSWORD, key).split('.');
    assert.equal(mark, '$2$');
    assert.equal(salt?.length, 32);
    assert.equal(iv?.length, 32);
    const decipher = createDecipheriv('aes-256-cbc', scryptSync(key, Buffer.from(salt ?? '', 'hex'), 32), Buffer.from(iv ?? '', 'hex'));
    assert.equal(decipher.update(encrypted ?? '', 'hex', 'utf8') + decipher.final('utf8'), PASSWORD);
  });

  it('is another text each time', () => assert.notEqual(encryptPassword(PASSWORD, key), encryptPassword(PASSWORD, key)));
});

describe('format 1', () => {
  it('is read where openssl wrote it', () => {
    // OpenSSL derives key and IV from a password file's first line only, so this key is one line; the derivation is the same.
    const secret = randomBytes(100).toString('base64');
    const encrypted = execFileSync('openssl', ['enc', '-aes-256-cbc', '-md', 'md5', '-nosalt', '-pass', `pass:${secret}`], {
      input: PASSWORD,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    assert.equal(decryptPassword(encrypted.toString('hex'), secret), PASSWORD);
  });

  it('is read with the text of a whole key file, line ends included', () => {
    // Key and IV by hand, as EVP_BytesToKey makes them, from openssl's own MD5.
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

/** What a password of another key may look like once it is decrypted: no text, but with a padding that looks right. */
function withGoodPadding(wrongKey: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', scryptSync(wrongKey, salt, 32), iv);
  const noText = Buffer.from([0xff, 0xfe, ...randomBytes(20)]);
  return `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${cipher.update(noText, undefined, 'hex')}${cipher.final('hex')}`;
}

describe('credentials that cannot be read', () => {
  it('are an error that names the setting, what to do, and no secret', () => {
    const good = encryptPassword(PASSWORD, key);
    // One wrong key in 256 leaves a padding that looks right; these are made so that this one does.
    const wrong = Array.from({ length: 3 }, () => withGoodPadding(otherKey));
    for (const credentials of [
      good,
      ...wrong,
      'not hex',
      '',
      '$2$.aa.bb.cc',
      '$3$.00.00.00',
      good.slice(0, -2),
      'ab',
      `${'00'.repeat(16)}`,
    ]) {
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
    }
  });
});

describe('which password counts', () => {
  const config = (environment: Record<string, string>) => loadConfig('/nonexistent', environment);
  it('what was typed comes before what was encrypted earlier', () => {
    const old = encryptPassword('old', key);
    assert.equal(bindPassword(config({ LDAP_BIND_PASSWORD: 'new', LDAP_BIND_CREDENTIALS: old }), key), 'new');
    assert.equal(bindPassword(config({ LDAP_BIND_CREDENTIALS: old }), key), 'old');
    assert.equal(bindPassword(config({}), key), undefined);
  });
  it('the environment comes before the file', () => {
    const fromEnvironment = config({ LDAP_BIND_PASSWORD: 'from file', LDAP_BIND_CREDENTIALS: encryptPassword('from environment', key) });
    const origins = { ...fromEnvironment.origins, LDAP_BIND_PASSWORD: 'file' } as const;
    assert.equal(bindPassword({ values: fromEnvironment.values, origins }, key), 'from environment');
  });
  it('without a key there is nothing to decrypt with', () => {
    assert.throws(() => bindPassword(config({ LDAP_BIND_CREDENTIALS: encryptPassword('x', key) }), undefined), {
      code: 'CREDENTIALS_UNREADABLE',
      message: /missing/,
    });
  });
});
