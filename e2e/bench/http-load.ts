/** Sign-ins through the hub's API on kept-alive connections, from a separate process. */
import { Agent, request } from 'node:http';
import { serveCells } from './workload.ts';

export interface HttpTask {
  loginUrl: string;
  apiKey: string;
  users: { uid: string; password: string }[];
}

serveCells<HttpTask>(async (task, cell) => {
  const agent = new Agent({ keepAlive: true, maxSockets: cell.inFlight });
  return {
    login: (index) => {
      const user = task.users[index % task.users.length];
      return login(task, agent, JSON.stringify({ username: user?.uid, password: user?.password }));
    },
    close: () => agent.destroy(),
  };
});

function login(task: HttpTask, agent: Agent, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${task.apiKey}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const outgoing = request(task.loginUrl, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(false));
    });
    outgoing.on('error', () => resolve(false));
    outgoing.end(body);
  });
}
