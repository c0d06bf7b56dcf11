/** The network between connector and hub: a proxy (CONNECT) that a test can cut silently. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Relay extends AsyncDisposable {
  /** For HTTP_PROXY. */
  readonly url: string;
  cut(): void;
  /** Delivers what was held back. */
  mend(): void;
}

/** @param overhear gets everything that the hub sends */
export async function startRelay(overhear: (bytes: Buffer) => void = () => {}): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer();
  server.on('connect', (request, near: Socket, head: Buffer) => {
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      forward(near, far);
      far.on('data', overhear);
      forward(far, near);
      if (isCut) for (const socket of [near, far]) socket.pause();
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
  });

  function forward(from: Socket, to: Socket): void {
    from.on('data', (bytes) => to.write(bytes));
    from.on('close', () => to.destroy());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the relay is not listening');
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
