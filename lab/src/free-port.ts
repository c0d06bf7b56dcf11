/** Ports for servers that a test starts: free ones, and whether a server listens. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * @returns a free port of 127.0.0.1 below the ephemeral range (32768 and up on Linux), so that no outgoing connection takes it while its
 *   server is stopped. Servers that stay up listen on port 0 instead.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return port;
    } catch {
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
  throw new Error('no free port between 20000 and 32000 on 127.0.0.1');
}

/** @returns whether a server on 127.0.0.1 accepts connections at this port */
export async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
