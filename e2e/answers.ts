/** Sign-in answers of the connector through a proxy, with tickets of any length. */
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';

export type PageKind = 'form' | 'token' | 'other';
type Seen = [status: number | undefined, page: PageKind];

export const SIGN_IN = '/wsfed?wa=wsignin1.0&wctx=state';

export function kindOf(page: string): PageKind {
  if (page.includes('name="password"')) return 'form';
  return page.includes('name="wresult"') ? 'token' : 'other';
}

/** @param host the name in the request to 127.0.0.1 */
export async function answerTo(host: string, port: number, authorization: string): Promise<Seen> {
  const outgoing = request({
    ...{ host: '127.0.0.1', port, path: SIGN_IN, servername: host, rejectUnauthorized: false, agent: false },
    headers: { Host: `${host}:${port}`, Authorization: authorization },
  });
  outgoing.end();
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject).on('response', (response) => {
      text(response).then((page) => resolve([response.statusCode, kindOf(page)]), reject);
    });
  });
}

export async function answerByHttp2(host: string, port: number, authorization: string): Promise<Seen> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    servername: host,
    rejectUnauthorized: false,
    maxSendHeaderBlockLength: 2 * authorization.length,
  });
  try {
    const stream = session.request({ ':path': SIGN_IN, ':authority': `${host}:${port}`, authorization });
    const status = new Promise<number | undefined>((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    const page = await text(stream);
    return [await status, kindOf(page)];
  } finally {
    session.destroy();
  }
}
