/** A whole hub for one test, with its own home, a free port, its log in memory, and an API key. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { TestIdentity } from '@landbridge/lab';
import { createLog, loadSettings } from '@landbridge/runtime';
import { createApiKey } from '../src/api/api-keys.ts';
import { apiCallOf } from '../src/api/calls.ts';
import { problemResponse } from '../src/api/responses.ts';
import { type Hub, startHub } from '../src/hub.ts';
import { requestFields } from '../src/operations/request-log.ts';
import { HUB_SETTINGS } from '../src/settings.ts';
import { API_SCOPE_NAMES } from '../src/store/api-keys.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../src/store/store.ts';
import { TEST_CHAIN, TEST_KEY } from './audit-for-test.ts';
import { makeIdentity, type Provisioned, provision } from './foreign-connector.ts';
import { operatorForTest } from './operator-for-test.ts';

export interface HubUnderTest {
  hub: Hub;
  store: Store;
  databasePath: string;
  apiKey: string;
  /** Each line of the log as an object. */
  logLines: Record<string, unknown>[];
  /** Calls the API; a body makes it a POST. */
  api(path: string, body?: unknown, method?: string): Promise<{ status: number; body: ApiBody }>;
  /** Creates a connection. @returns its ticket */
  createConnection(name?: string): Promise<string>;
  /** Issues a ticket for one more connector. @returns it */
  addConnector(name?: string): Promise<string>;
  /** Creates a connection and a registered connector that is not connected yet. */
  provisioned(name?: string, options?: { useJwks?: boolean; identity?: TestIdentity }): Promise<Provisioned>;
}

/** Parts of API responses: a test that reads a missing one fails. */
interface ApiBody {
  error: { code: string; message: string; connectorError?: string; retry?: boolean };
  profile: Record<string, unknown>;
  from: string;
  cachedAt: string;
  connection: ConnectionView;
  connections: ConnectionView[];
  ticket: string;
  install: { shell: string; powershell: string };
  /** Of `/connections/NAME/connectors`. */
  connectors: InstanceAnswer[];
  /** Of `/signing-keys`. */
  keys: { kid: string; algorithm: string; state: string; createdAt: string; signsFrom: string; retiresAt?: string }[];
}

interface InstanceAnswer {
  id: string;
  state: string;
  hostName?: string;
  version?: string;
  outdated: boolean;
  remoteAddress: string;
  thumbprint: string;
  sharesKey: boolean;
  drained: boolean;
  firstSeenAt: string;
  lastSeenAt: string;
  onlineSince?: string;
  sockets: number;
  inFlight: number;
  requests: number;
  errors: number;
  latency?: { meanMs: number; p95Ms: number };
}

interface ConnectionView {
  name: string;
  enabled: boolean;
  displayName: string | null;
  ipRanges: string[];
  emailDomains: string[];
  certificates: {
    thumbprint: string;
    state: string;
    agentVersion?: string;
    hostName?: string;
    signInEndpoint?: string;
    requestedEndpoint?: string;
  }[];
  enrolmentOpenUntil: string | null;
  connectors: {
    instance: string;
    agentVersion: string;
    capabilities: string[];
    draining: boolean;
    inFlight: number;
    eligibility: string;
  }[];
}

/** Certificates take time, and a test file rarely needs more than one. */
let sharedIdentity: TestIdentity | undefined;

export async function startHubForTest(
  t: TestContext,
  environment: Record<string, string> = {},
  options: Pick<Parameters<typeof startHub>[0], 'authenticateTimeoutMs' | 'unauthenticatedSockets'> = {},
): Promise<HubUnderTest> {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-'));
  const databasePath = join(home, 'hub.sqlite');
  const store = openSqliteStore(databasePath, TEST_KEY);
  const logLines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => logLines.push(JSON.parse(line)) };
  const { log } = createLog({ level: 'debug', format: 'json', destination, context: requestFields });
  const { values: settings, problems } = loadSettings(HUB_SETTINGS, {
    file: {},
    environment: { PORT: '0', STOP_GRACE_MS: '0', CREDENTIAL_CACHE_AFTER_SECONDS: '0', ...environment },
  });
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join());
  const hub = await startHub({ settings, store, chain: TEST_CHAIN, log, ...options });
  t.after(async () => {
    await hub.close();
    await store.close();
    rmSync(home, { recursive: true, force: true });
  });
  const { secret: apiKey } = await createApiKey({ ...operatorForTest(store), audit: { record: async () => {} } }, 'test', {
    scopes: API_SCOPE_NAMES,
  });

  const self: HubUnderTest = {
    hub,
    store,
    databasePath,
    apiKey,
    logLines,
    async api(path, body, method = body === undefined ? 'GET' : 'POST') {
      const response = await fetch(`${hub.url}/api${path}`, {
        method,
        headers: { Authorization: `Bearer ${apiKey}` },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      assertAsDocumented(method, path, response, text);
      return { status: response.status, body: JSON.parse(text === '' ? '{}' : text) };
    },
    async createConnection(name = 'corp') {
      const { status, body } = await self.api('/connections', { name });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body.ticket;
    },
    async addConnector(name = 'corp') {
      return (await self.api(`/connections/${name}/connectors`, {})).body.ticket;
    },
    async provisioned(name = 'corp', { useJwks = false, identity } = {}) {
      sharedIdentity ??= makeIdentity();
      return provision(await self.createConnection(name), identity ?? sharedIdentity, { useJwks });
    },
  };
  return self;
}

/** @throws if the response is not what the OpenAPI document says */
function assertAsDocumented(method: string, path: string, response: Response, text: string): void {
  const call = apiCallOf(method, path);
  if (!response.ok) {
    problemResponse.parse(JSON.parse(text));
    if (response.headers.get('Content-Type') !== 'application/problem+json') throw new Error(`${method} ${path}: not a problem`);
    return;
  }
  if (call === undefined || call.status !== response.status) throw new Error(`${method} ${path}: ${response.status} is not documented`);
  if (call.response === undefined ? text !== '' : !call.response.safeParse(JSON.parse(text)).success) {
    throw new Error(`${method} ${path}: ${text} is not documented: ${call.response?.safeParse(JSON.parse(text)).error?.message}`);
  }
}
