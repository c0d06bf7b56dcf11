/** A network between a client and a server that a test can cut: nothing is refused and nothing is closed, bytes just stop arriving. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';

export interface Relay {
  port: number;
  cut(): void;
  /** What was underway is gone, as it mostly is after a real cut; new connections pass. */
  mend(): void;
  /** The next bytes from the server end the connection instead of arriving: it got the request, and nobody learns its answer. */
  breakAtAnswer(): void;
  close(): Promise<void>;
}

/** @param host of the server, an address of loopback; by default the relay listens on the same, so that certificates fit */
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
