/** A network between a client and a server that a test can cut: connections are neither refused nor closed, bytes just stop arriving. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';

export interface Relay {
  port: number;
  cut(): void;
  /** Bytes in transit are lost, as usual after a real cut; new connections pass. */
  mend(): void;
  /** Instead of delivering the next bytes from the server, closes the connection: the server got the request, but its answer is lost. */
  breakAtAnswer(): void;
  close(): Promise<void>;
}

/** @param host the server's loopback address; by default the relay listens on the same one, so that certificates match */
export async function startRelay(targetPort: number, host = '127.0.0.1', listenOn = host): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let breaksAtAnswer = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  };
  const server = net.createServer((near) => {
    keep(near);
    if (isCut) return void near.pause();
    const far = net.connect(targetPort, host);
    keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => {
        if (breaksAtAnswer && from === far) {
          breaksAtAnswer = false;
          near.destroy();
        } else if (!isCut) to.write(chunk);
      });
      from.on('end', () => {
        if (!isCut) to.end();
      });
      from.on('close', () => {
        if (!isCut) to.destroy();
      });
    }
  });
  server.listen(0, listenOn);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      isCut = true;
    },
    mend() {
      isCut = false;
      for (const socket of sockets) socket.destroy();
    },
    breakAtAnswer() {
      breaksAtAnswer = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
