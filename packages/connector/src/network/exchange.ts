/** One HTTP request with a limit on the size of its answer. Redirects are not followed. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpAnswer {
  status: number;
  contentType: string;
  body: Buffer;
}

/**
 * @param options as for Node's `request`; `protocol`: of the connection, by default that of the address
 * @param options.tooLarge the error for a longer answer
 */
export async function exchange(
  url: URL,
  { signal, maxBytes, tooLarge, ...options }: RequestOptions & { signal: AbortSignal; maxBytes: number; tooLarge(): Error },
  body: string | Buffer | undefined,
): Promise<HttpAnswer> {
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const start = (options.protocol ?? url.protocol) === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { ...options, signal, headers: { ...length, ...options.headers } });
    request.once('response', resolve).once('error', reject);
    // Node does not report an abort while an agent is still opening a tunnel.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    request.end(body);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the answer.
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, contentType: answer.headers['content-type'] ?? '', body: Buffer.concat(chunks) };
}
