/**
 * Idle connectors: a process that opens sockets to a hub, authenticates each as a separate instance, and answers pings. It opens a few at a
 * time, like connectors after a restart of the hub.
 */
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';

export interface IdleTask {
  keyPem: string;
  /** Connections with their number of connectors. */
  connections: { name: string; realm: string; socketUrl: string; connectors: number }[];
}

export type IdleMessage = { type: 'open'; count: number; seconds: number } | { type: 'failed'; message: string };

const AT_A_TIME = 50;
const TOKEN_SECONDS = 60;

process.once('message', (task: IdleTask) => {
  openAll(task).then(
    (message) => process.send?.(message),
    (error: unknown) => process.send?.({ type: 'failed', message: String(error) } satisfies IdleMessage),
  );
});
process.on('disconnect', () => process.exit());

async function openAll({ keyPem, connections }: IdleTask): Promise<IdleMessage> {
  const key = createPrivateKey(keyPem);
  const todo = connections.flatMap((connection) => Array.from({ length: connection.connectors }, () => connection));
  const count = todo.length;
  const began = performance.now();
  const worker = async () => {
    for (let connection = todo.pop(); connection !== undefined; connection = todo.pop()) await open(connection, key);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return { type: 'open', count, seconds: (performance.now() - began) / 1000 };
}

function open({ name, realm, socketUrl }: IdleTask['connections'][number], key: KeyObject): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl);
    socket.onopen = () => {
      const instance = { id: randomUUID(), hostName: 'idle', version: '0.1.0' };
      const capabilities = ['drain', 'health', 'reasons', 'steps'];
      socket.send(JSON.stringify({ n: 'authenticate', p: { jwt: agentToken(name, realm, key), capabilities, instance } }));
    };
    socket.onmessage = ({ data }) => {
      if (!String(data).includes('"authenticated"')) return reject(new Error(`the hub answered ${data}`));
      socket.send(JSON.stringify({ n: 'health', p: { directory: 'up' } }));
      resolve();
    };
    socket.onerror = () => reject(new Error(`a socket of ${name} failed`));
    socket.onclose = ({ code }) => reject(new Error(`a socket of ${name} was closed with ${code}`));
  });
}

function agentToken(connection: string, realm: string, key: KeyObject): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: connection, aud: realm, jti: randomUUID(), iat: issuedAt, exp: issuedAt + TOKEN_SECONDS };
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}
