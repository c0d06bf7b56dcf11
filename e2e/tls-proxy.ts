/** A TLS-terminating proxy in front of the hub that can read and change everything. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

export interface TlsProxy extends AsyncDisposable {
  /** Frames in both directions. Binary frames are decoded as latin1. */
  readonly frames: { from: 'hub' | 'connector'; text: string; isBinary: boolean }[];
  /** The address and body of each request. */
  readonly requests: string[];
  /** The connector's socket. Anything written to it appears to come from the hub. */
  connectorSocket(): WebSocket;
}

/** @param options.addKey a key (JWK) that is added to the hub's JWKS document */
export async function startTlsProxy(port: number, hubUrl: string, options: { addKey: object }): Promise<TlsProxy> {
  const frames: TlsProxy['frames'] = [];
  const requests: string[] = [];
  let connectorSocket: WebSocket | undefined;
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method = 'GET', headers } = incoming;
    const forwarded = request(`${hubUrl}${url}`, { method, headers }, async (answer) => {
      if (url !== '/.well-known/jwks.json') {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        return answer.pipe(outgoing);
      }
      const { keys } = Object(await json(answer));
      return outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [...keys, options.addKey] }));
    });
    forwarded.on('error', () => outgoing.destroy());
    const seen = requests.push(url) - 1;
    incoming.on('data', (chunk) => {
      requests[seen] += String(chunk);
    });
    incoming.pipe(forwarded);
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (near, { url = '/' }: IncomingMessage) => {
    const far = new WebSocket(`${hubUrl.replace('http', 'ws')}${url}`, { perMessageDeflate: false });
    const opened = once(far, 'open');
    connectorSocket = near;
    const forward = (from: 'hub' | 'connector', data: RawData, isBinary: boolean) => {
      frames.push({ from, text: String(isBinary && Buffer.isBuffer(data) ? data.toString('latin1') : data), isBinary });
      (from === 'hub' ? near : far).send(data, { binary: isBinary });
    };
    near.on('message', async (data, isBinary) => {
      await opened;
      forward('connector', data, isBinary);
    });
    far.on('message', (data, isBinary) => forward('hub', data, isBinary));
    far.on('error', () => near.terminate());
    far.on('close', () => near.terminate());
    near.on('close', () => far.terminate());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    frames,
    requests,
    connectorSocket() {
      if (connectorSocket === undefined) throw new Error('no connector');
      return connectorSocket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
