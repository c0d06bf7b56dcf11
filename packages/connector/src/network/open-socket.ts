/** A TCP connection for a check, abandoned when the check's signal aborts. */
import { once } from 'node:events';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { timedOut } from '@landbridge/runtime';

/** Shorter than a check may take, so that a dropped connection is reported as such. */
const CONNECT_TIMEOUT_MS = 10_000;

/** @throws the network's error, ETIMEDOUT after the time limit, or an error if the signal aborts first */
export async function openSocket(options: TcpNetConnectOpts, signal: AbortSignal, timeoutMs = CONNECT_TIMEOUT_MS): Promise<Socket> {
  const limit = AbortSignal.timeout(timeoutMs);
  const socket = connect(options);
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([signal, limit]) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw limit.aborted && !signal.aborted ? timedOut(timeoutMs) : error;
  }
}
