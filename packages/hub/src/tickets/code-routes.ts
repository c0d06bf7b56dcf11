/** `POST /p/code` and `/p/code/poll`: a connector asks for a code, and polls for an administrator's approval. It signs each request with its key. */
import { createPublicKey } from 'node:crypto';
import {
  CODE_AUDIENCE,
  type CodeGranted,
  type CodeState,
  codePollClaims,
  codeRequest,
  codeRequestClaims,
  enrolmentSigned,
  hubFingerprintOf,
} from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { clientAddressOf, readJsonBody } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { decodeJwt } from 'jose';
import type { HubIdentity } from '../keys/hub-identity.ts';
import { CODE_LIFETIME_MS, type EnrolmentCodes, POLL_INTERVAL_MS } from './enrolment-codes.ts';
import { verifyKeyProof } from './key-proof.ts';
import { assertConnectorKey } from './registration.ts';

const MAX_BODY_BYTES = 8 * 1024;

export function codeRoutes({
  codes,
  identity,
  clockSkewLimitSeconds,
  log,
}: {
  codes: EnrolmentCodes;
  identity: HubIdentity;
  clockSkewLimitSeconds: number;
  log: Log;
}): Hono {
  /** Signed in the same way as the answer to an enrolment. */
  function answer(c: Context, jws: string, content: CodeGranted | CodeState): Response {
    const payload = JSON.stringify(content);
    const signature = identity.sign('enrolment code', enrolmentSigned(jws, payload)).toString('base64url');
    return c.json({ payload, signature, chain: identity.chain });
  }

  return new Hono()
    .post('/', async (c) => {
      const { jws } = await readJsonBody(c, codeRequest, MAX_BODY_BYTES);
      const { claims, publicKey } = await verifyKeyProof(jws, codeRequestClaims, { audience: CODE_AUDIENCE, clockSkewLimitSeconds });
      assertConnectorKey(createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' }), 'The connector');
      const remoteAddress = clientAddressOf(c);
      const { deviceCode, userCode } = codes.add({
        ...{ publicKey, remoteAddress, hub: identity.fingerprint, commitment: claims.commitment },
        ...{ hostName: claims.hostName, agentVersion: claims.agentVersion },
      });
      log.info({ remoteAddress, hostName: claims.hostName }, 'Connector requests enrolment by a code');
      return answer(c, jws, {
        ...{ deviceCode, userCode, expiresInSeconds: CODE_LIFETIME_MS / 1000, intervalSeconds: POLL_INTERVAL_MS / 1000 },
      });
    })
    .post('/poll', async (c) => {
      const { jws } = await readJsonBody(c, codeRequest, MAX_BODY_BYTES);
      const deviceCode = subjectOf(jws);
      const { claims, publicKey } = await verifyKeyProof(jws, codePollClaims, {
        audience: identity.chain.map(({ key }) => hubFingerprintOf(key)),
        subject: deviceCode,
        clockSkewLimitSeconds,
      });
      return answer(c, jws, codes.poll(deviceCode, publicKey, claims.nonce));
    });
}

function subjectOf(jws: string): string {
  try {
    return decodeJwt(jws).sub ?? '';
  } catch (cause) {
    throw new CodedError('INVALID_REQUEST', 'The request is not a valid enrolment', { cause });
  }
}
