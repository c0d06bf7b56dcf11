/** What every dashboard page works with: the site's frame, the signed-in administrator, and acting as an operator in their name. */
import { readFileSync } from 'node:fs';
import type { CodedError, Log } from '@landbridge/runtime';
import { type AdminSite, APPLICATION_STYLE, clientAddressOf, createAdminSite, createAsset, type Message } from '@landbridge/web';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { LRUCache } from 'lru-cache';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import type { Proofs } from '../administrators/proofs.ts';
import type { SignInProvider } from '../administrators/provider.ts';
import type { Sessions, SignedIn } from '../administrators/sessions.ts';
import type { SignInThrottle } from '../administrators/sign-in-throttle.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditCopies } from '../audit/copies.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Statistics } from '../connectors/statistics.ts';
import type { OfferedPackages } from '../offered-packages/offered-packages.ts';
import type { Operator } from '../operator.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { SprayAlarms } from '../sign-in/spray-alarms.ts';
import type { Store } from '../store/store.ts';
import type { EnrolmentCodes } from '../tickets/enrolment-codes.ts';
import type { SignInActivity } from './activity.ts';
import type { ActivityHistory } from './history.ts';
import { createPendingActions, type PendingActions } from './pending-actions.ts';
import { mayDo } from './permissions.ts';

/** Set by the middleware in front of the pages. */
export interface DashboardEnv {
  Variables: { signedIn: SignedIn; form: URLSearchParams };
}

export interface DashboardParts {
  store: Store;
  audit: Audit;
  online: OnlineConnectors;
  statistics: Statistics;
  signIn: SignIn;
  activity: SignInActivity;
  history: ActivityHistory;
  sprayAlarms: Pick<SprayAlarms, 'recent'>;
  alerts: Pick<Alerts, 'channels' | 'test'>;
  auditCopies: Pick<AuditCopies, 'status'>;
  codes: EnrolmentCodes;
  offered: Pick<OfferedPackages, 'packages' | 'newestConnector'>;
  takeEffect: () => Promise<void>;
  /** The OpenID provider with which administrators sign in; undefined if there is none. */
  provider: (SignInProvider & { required: boolean }) | undefined;
  publicUrl: () => string;
  /** Where the hub serves the documents. */
  documentsPath: string;
  /** ENROLMENT_HOURS */
  enrolmentHours: number;
  log: Log;
}

export interface DashboardContext extends DashboardParts, AdminSite<DashboardEnv> {
  proofs: Proofs;
  sessions: Sessions;
  throttle: SignInThrottle;
  pending: PendingActions;
  /** The hidden field's value in each form of this session. */
  tokenOf(c: Context<DashboardEnv>): string;
  operatorOf(c: Context<DashboardEnv>): Operator;
  /** Whether the administrator's role permits this route. Pages hide whatever it does not permit. */
  may(c: Context<DashboardEnv>, route: string): boolean;
  leaveMessage(sessionId: string, message: Message): void;
}

/** With the document that "Help" opens on the pages of each part. */
export const NAVIGATION = [
  { path: '', label: 'Overview', help: 'dashboard#what-the-pages-show' },
  { path: '/clients', label: 'Applications', help: 'openid-connect' },
  { path: '/api-keys', label: 'API keys', help: 'hub-api' },
  { path: '/signing-keys', label: 'Signing keys', help: 'hub-api#signing-keys' },
  { path: '/alerts', label: 'Alerts', help: 'operations#alerts' },
  { path: '/audit', label: 'Audit log', help: 'operations#the-audit-log' },
  { path: '/administrators', label: 'Administrators', help: 'dashboard#roles' },
] as const;
const ACCOUNT_HELP = 'dashboard#signing-in';
const NOT_FOUND = [
  'CONNECTION_NOT_FOUND',
  'CONNECTOR_NOT_FOUND',
  'CODE_NOT_FOUND',
  'CLIENT_NOT_FOUND',
  'KEY_NOT_FOUND',
  'SIGNING_KEY_NOT_FOUND',
  'ADMINISTRATOR_NOT_FOUND',
];
const MAX_SESSIONS_WITH_MESSAGES = 1000;

export function createDashboardContext(
  parts: DashboardParts & Pick<DashboardContext, 'proofs' | 'sessions' | 'throttle'>,
): DashboardContext {
  const { store, audit, takeEffect, log } = parts;
  const messages = new LRUCache<string, Message[]>({ max: MAX_SESSIONS_WITH_MESSAGES });
  function messagesOf(sessionId: string): Message[] {
    const found = messages.get(sessionId) ?? [];
    messages.set(sessionId, found);
    return found;
  }

  const site = createAdminSite<DashboardEnv>({
    product: 'Landbridge',
    name: 'Dashboard',
    base: DASHBOARD_PATH,
    accountPath: '/account',
    style: createAsset('dashboard.css', APPLICATION_STYLE),
    scripts: [createAsset('passkey.js', readFileSync(new URL('./assets/passkey.js', import.meta.url), 'utf8'))],
    visitOf(c) {
      const { session, administrator } = c.get('signedIn');
      const account = html`<span class="hidden">Your account: </span>${administrator.name} <span class="role">${administrator.role}</span>`;
      return {
        formToken: session.formToken,
        account,
        navigation: NAVIGATION.map(({ path, label }) => [path, label] as const),
        messages: messagesOf(session.id),
      };
    },
    docsUrl: () => parts.documentsPath,
    isSignedIn: (c) => c.get('signedIn') !== undefined,
    statusOf,
    log,
  });
  return {
    ...parts,
    ...site,
    show: (c, page) => {
      const part = NAVIGATION.find(({ path }) => path === page.current);
      return site.show(c, { help: part?.help ?? ACCOUNT_HELP, ...page });
    },
    pending: createPendingActions(),
    tokenOf: (c) => c.get('signedIn').session.formToken,
    operatorOf: (c) => ({
      store,
      audit,
      takeEffect,
      actor: `administrator:${c.get('signedIn').administrator.name}`,
      remoteAddress: clientAddressOf(c),
    }),
    may: (c, route) => mayDo(c.get('signedIn').administrator.role, route),
    leaveMessage: (sessionId, message) => messagesOf(sessionId).push(message),
  };
}

/** @returns undefined for a fault of the hub, whose details only the log has */
function statusOf({ code }: CodedError): 400 | 404 | 413 | undefined {
  if (code === 'STORE_FAILED') return undefined;
  if (code === 'BODY_TOO_LARGE') return 413;
  return NOT_FOUND.includes(code) ? 404 : 400;
}
