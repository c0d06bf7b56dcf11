/** AUDIT_HTTP_URL: batches of JSON lines as POST requests, each with an Idempotency-Key that stays the same when a batch is repeated. */
import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AuditDestination } from './destination.ts';

const RECORDS_AT_ONCE = 200;

/**
 * @param files `token`: a bearer token. `ca`: the only authorities that may issue the receiver's certificate. Both are read for each request, so
 *   that they can be replaced
 */
export function httpDestination(address: string, files: { token: string | undefined; ca: string | undefined }): AuditDestination {
  const url = new URL(address);
  return {
    name: 'http',
    // Queries may contain secrets.
    target: `${url.origin}${url.pathname}`,
    recordsAtOnce: RECORDS_AT_ONCE,
    takesHeads: true,
    async send(messages, batch, signal) {
      const body = Buffer.from(messages.map(({ json }) => `${json}\n`).join(''));
      const [token, ca] = await Promise.all([files.token && readFile(files.token, 'utf8'), files.ca && readFile(files.ca)]);
      const headers = {
        'content-type': 'application/x-ndjson',
        'content-length': body.length,
        'idempotency-key': `"${batch}"`,
        ...(token && { authorization: `Bearer ${token.trim()}` }),
      };
      const options = { method: 'POST', headers, signal, agent: false } as const;
      const status = await new Promise<number>((resolve, reject) => {
        const request =
          url.protocol === 'http:'
            ? requestHttp(url, options)
            : // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
              requestHttps(url, { ...options, rejectUnauthorized: true, ...(ca && { ca }) });
        request.on('error', reject).on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.end(body);
      });
      if (status < 200 || status > 299) throw new Error(`the receiver answered HTTP ${status}`);
    },
  };
}
