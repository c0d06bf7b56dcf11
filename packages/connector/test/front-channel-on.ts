/** A front channel on a given directory, with its own certificates, and an HTTP client for it. */
import { type ClientRequest, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { createLog, loadSettings } from '@landbridge/runtime';
import { SETTINGS } from '../src/config/settings.ts';
import type { CheckBearer } from '../src/frontchannel/bearer.ts';
import { type FrontChannel, type FrontConnection, openFrontChannel } from '../src/frontchannel/front-channel.ts';
import type { FrontUsers } from '../src/frontchannel/routes.ts';
import { createCertificate, createKey } from '../src/setup/certificate.ts';
import { type ConnectorSignInEvents, createConnectorSignInEvents } from '../src/users/sign-in-events.ts';

export const REALM = 'urn:auth0:fabrikam';
export const REPLY_TO = 'https://hub.example/login/callback';
export const OTHER_REPLY = 'https://hub.example/second?a=1&b=2';
export const CONNECTION = 'corp';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  client?: KeyPair;
}

export interface FrontChannelOn {
  front: FrontChannel;
  url: string;
  connection: FrontConnection;
  /** The authority of the server's certificate (PEM). */
  ca: string;
  lines: string[];
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** GET /wsfed with the parameters of a hub. */
  begin(values?: Record<string, string>, asked?: Asked): Promise<Answer>;
  /** Submits the form of a page like a browser. */
  fillIn(page: Answer, fields: Record<string, string>, asked?: Asked): Promise<Answer>;
  close(): Promise<void>;
}

const key = createKey();

export async function frontChannelOn(
  users: FrontUsers,
  settings: Record<string, unknown> = {},
  options: {
    connection?: Partial<FrontConnection>;
    tls?: boolean;
    checkBearer?: CheckBearer;
    folder?: string;
    ca?: string;
    signIns?: ConnectorSignInEvents;
  } = {},
): Promise<FrontChannelOn> {
  const { tls = true, checkBearer = async () => ({ refused: 'no key' }) } = options;
  const lines: string[] = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });
  const authority = await createCertificateAuthority('Front channel of a test');
  const server = await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
  const ca = options.ca ?? authority.cert;
  const { values, problems } = loadSettings(SETTINGS, {
    file: { PORT: 0, LISTEN_ADDRESS: '127.0.0.1', ...(tls ? { SSL_CERT: server.cert, SSL_KEY: server.key } : {}), ...settings },
    environment: {},
  });
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  const signing = createCertificate(key, { connectionName: CONNECTION, connectionDomain: 'fabrikam.example' });
  const connection: FrontConnection = {
    name: CONNECTION,
    realm: REALM,
    wsfedIssuer: 'fabrikam.example',
    replyAddresses: [REPLY_TO, OTHER_REPLY],
    kerberos: false,
    clientCertificates: false,
    signing,
    ...options.connection,
  };
  const front = await openFrontChannel({
    settings: values,
    folder: options.folder ?? '/nonexistent',
    connection,
    serverUrl: 'https://connector.example',
    users,
    signIns: options.signIns ?? createConnectorSignInEvents(log),
    checkBearer,
    log,
  });
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${front.port}`;

  function ask(path: string, { method = 'GET', headers = {}, body, client }: Asked = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = { method, headers, agent: false as const };
      const outgoing: ClientRequest = tls ? tlsRequest(`${url}${path}`, { ...sent, ca, ...client }) : plainRequest(`${url}${path}`, sent);
      outgoing.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on('error', reject);
      });
      outgoing.end(body);
    });
  }

  return {
    front,
    url,
    connection,
    ca,
    lines,
    ask,
    begin: (values = {}, asked = {}) =>
      ask(`/wsfed?${new URLSearchParams({ wa: 'wsignin1.0', wtrealm: REALM, wctx: 'state', ...values })}`, asked),
    fillIn(page, fields, asked = {}) {
      const body = new URLSearchParams({ ...fieldsOf(page.text), ...fields }).toString();
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://connector.example', ...asked.headers };
      return ask('/wsfed', { ...asked, method: 'POST', headers, body });
    },
    close: () => front.close(),
  };
}

/** The hidden fields of a page's form, as a browser parses them. */
export function fieldsOf(html: string): Record<string, string> {
  const fields = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return Object.fromEntries([...fields].map(([, name, value]) => [unescapeHtml(name ?? ''), unescapeHtml(value ?? '')]));
}

export function actionOf(html: string): string | undefined {
  const action = /<form method="post"(?: name="hiddenform")? action="([^"]*)"/.exec(html)?.[1];
  return action === undefined ? undefined : unescapeHtml(action);
}

function unescapeHtml(text: string): string {
  const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
    code === undefined ? (names[name] ?? '') : String.fromCharCode(Number(code)),
  );
}
