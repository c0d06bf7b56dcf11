/** Ports for servers that a test stops and starts again. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A free port of 127.0.0.1 below those that the kernel gives to outgoing connections (32768 and up on Linux), so that none of them
 * takes it while its server is stopped and means to come back. A server that stays up needs no such port: it listens on port 0.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return port;
    } catch {
      // Taken: try another.
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
  throw new Error('no free port between 20000 and 32000 on 127.0.0.1');
}
