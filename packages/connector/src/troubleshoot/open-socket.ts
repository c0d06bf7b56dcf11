/** A TCP connection for a check, abandoned when the check's signal aborts. */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/** @throws the network's error, or an error if the signal aborts first */
export async function openSocket(options: TcpNetConnectOpts, signal: AbortSignal): Promise<Socket> {
  const socket = connect(options);
  const end = () => socket.destroy(new Error('the check ended before the connection opened'));
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
