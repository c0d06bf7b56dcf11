/** A TLS-terminating proxy that tries to enrol itself instead of a connector. It has its own key for the hub and its own identity for the connector. */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { json } from 'node:stream/consumers';

export interface CodeProxy extends AsyncDisposable {
  /** SHA-256 of its key, as the hub shows it. */
  readonly publicKey: string;
}

export async function startCodeProxy(port: number, hubUrl: string): Promise<CodeProxy> {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const identity = generateKeyPairSync('ed25519');
  const raw = String(createPublicKey(identity.privateKey).export({ format: 'jwk' }).x);
  const nonce = randomBytes(32);
  const hash = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
  let deviceCode = '';
  let hub = '';

  async function askHub(path: string, claims: object): Promise<{ payload: string; fingerprint: string }> {
    const response = await fetch(`${hubUrl}${path}`, { method: 'POST', body: JSON.stringify({ jws: signed(own.privateKey, claims) }) });
    const { payload, chain } = Object(await response.json());
    return { payload, fingerprint: hash(Buffer.from(chain.at(-1).key, 'base64url')).toString('base64url') };
  }

  const server = createServer(async (incoming, outgoing) => {
    const { url = '/', method = 'GET', headers } = incoming;
    if (!url.startsWith('/p/code')) {
      const forwarded = request(`${hubUrl}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      incoming.pipe(forwarded);
      return;
    }
    const { jws } = Object(await json(incoming));
    const claims = Object(JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString()));
    let answered: { payload: string; fingerprint: string };
    if (url === '/p/code') {
      const { hostName, agentVersion, aud } = claims;
      answered = await askHub(url, { hostName, agentVersion, aud, commitment: hash(nonce).toString('base64url') });
      hub = answered.fingerprint;
      ({ deviceCode } = Object(JSON.parse(answered.payload)));
    } else {
      answered = await askHub(url, { aud: hub, sub: deviceCode, nonce: nonce.toString('base64url') });
    }
    const { payload } = answered;
    const bytes = Buffer.concat([Buffer.from('landbridge hub identity: enrolment code\0'), hash(jws), Buffer.from(payload)]);
    const signature = sign(null, bytes, identity.privateKey).toString('base64url');
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ payload, signature, chain: [{ key: raw }] }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    publicKey: hash(own.publicKey.export({ type: 'spki', format: 'der' })).toString('base64url'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function signed(key: KeyObject, claims: object): string {
  const { kty, n, e } = createPublicKey(key).export({ format: 'jwk' });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const full = { ...claims, iat: Math.floor(Date.now() / 1000), jti: randomUUID() };
  const input = `${encode({ alg: 'RS256', jwk: { kty, n, e } })}.${encode(full)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}
