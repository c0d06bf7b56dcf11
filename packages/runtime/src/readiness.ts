/** Asks a program on this machine whether it is ready, for the `health` commands of both programs. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as requestByTls } from 'node:https';
import { isIP } from 'node:net';
import { text } from 'node:stream/consumers';
import { errorText } from './coded-error.ts';

const ANSWER_MS = 5000;
const MAX_ANSWER = 200;

/** @param address on which the program listens, possibly all: then its loopback address. @returns such as `http://127.0.0.1:4100` */
export function localUrl(scheme: 'http' | 'https', address: string, port: number): string {
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : isIP(address) === 6 ? `[${address}]` : address;
  return `${scheme}://${host}:${port}`;
}

/** @param url from `localUrl`. @returns undefined if `/readyz` answers 200, else why not */
export async function whyNotReady(url: string): Promise<string | undefined> {
  const address = `${url}/readyz`;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    // The certificate is for the public name, and the request contains no secret.
    const outgoing = url.startsWith('https:')
      ? requestByTls(address, { signal, agent: false, rejectUnauthorized: false })
      : request(address, { signal, agent: false });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    if (response === undefined) return `${address} did not answer`;
    const body = await text(response);
    return response.statusCode === 200 ? undefined : `${address} answered ${response.statusCode} ${body.slice(0, MAX_ANSWER)}`;
  } catch (error) {
    return `${address}: ${errorText(error)}`;
  }
}
