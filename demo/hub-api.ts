/** The demo's calls of the hub's API. */
import { setTimeout as delay } from 'node:timers/promises';

export interface HubApi {
  /** @returns the ticket URL */
  createConnection(name: string): Promise<string>;
  /** Resolves when a connector can sign users in. */
  untilEligible(name: string): Promise<void>;
  /** @throws if the sign-in fails */
  login(name: string, username: string, password: string): Promise<Record<string, unknown>>;
}

const POLL_MS = 50;

/** @param signal aborts pending calls */
export function hubApi(url: string, apiKey: string, signal: AbortSignal): HubApi {
  async function call(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/api/connections${path}`, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`The hub answered ${response.status} to ${method} ${path || '/'}: ${await response.text()}`);
    return response.json();
  }
  return {
    async createConnection(name) {
      const ticket = field(await call('POST', '', { name }), 'ticket');
      if (typeof ticket !== 'string') throw new Error('The hub answered without a ticket');
      return ticket;
    },
    async untilEligible(name) {
      for (;;) {
        const connectors = field(field(await call('GET', `/${name}`), 'connection'), 'connectors');
        if (Array.isArray(connectors) && connectors.some((connector) => field(connector, 'eligibility') === 'eligible')) return;
        await delay(POLL_MS, undefined, { signal });
      }
    },
    async login(name, username, password) {
      const profile = field(await call('POST', `/${name}/login`, { username, password }), 'profile');
      if (typeof profile !== 'object' || profile === null) throw new Error('The hub answered without a profile');
      return { ...profile };
    },
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}
