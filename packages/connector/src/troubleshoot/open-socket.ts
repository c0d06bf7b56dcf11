/** A TCP connection for a check: one that nobody waits for any more is given up. */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/** @throws what the network says, and where the signal is aborted first */
export async function openSocket(options: TcpNetConnectOpts, signal: AbortSignal): Promise<Socket> {
  const socket = connect(options);
  const end = () => socket.destroy(new Error('nobody waits for the connection any more'));
  signal.addEventListener('abort', end, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  } finally {
    signal.removeEventListener('abort', end);
  }
}
