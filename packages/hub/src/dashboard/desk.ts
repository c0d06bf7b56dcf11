/**
 * What every page of the dashboard works with: who is signed in, the form that was sent, showing a page, going on with a message, and acting
 * as an operator in that administrator's name.
 */
import { clientAddressOf, type Html, type Message } from '@landbridge/web';
import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import type { Proofs } from '../administrators/proofs.ts';
import type { Sessions, SignedIn } from '../administrators/sessions.ts';
import type { Audit } from '../audit/audit.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Statistics } from '../connectors/statistics.ts';
import type { Operator } from '../operator.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Store } from '../store/store.ts';
import type { SignInActivity } from './activity.ts';
import { frame, type NavigationPath } from './frame.ts';

/** What the middleware before the pages found out. */
export interface Env {
  Variables: { signedIn: SignedIn; form: URLSearchParams };
}

export interface DashboardParts {
  store: Store;
  audit: Audit;
  online: OnlineConnectors;
  statistics: Statistics;
  signIn: SignIn;
  activity: SignInActivity;
  takeEffect: () => Promise<void>;
  publicUrl: () => string;
}

export interface Desk extends DashboardParts {
  proofs: Proofs;
  sessions: Sessions;
  /** @param current where this page is in the navigation */
  show(c: Context<Env>, page: { title: string; current?: NavigationPath; main: Html; status?: 200 | 400 | 404 }): Promise<Response>;
  /** To another page of the dashboard, with a word about what was done. */
  goOn(c: Context<Env>, path: string, message?: Message): Response;
  operatorOf(c: Context<Env>): Operator;
  leaveMessage(sessionId: string, message: Message): void;
}

const MAX_SESSIONS_WITH_MESSAGES = 1000;

export function createDesk(parts: DashboardParts & { proofs: Proofs; sessions: Sessions }): Desk {
  const messages = new LRUCache<string, Message[]>({ max: MAX_SESSIONS_WITH_MESSAGES });
  const leaveMessage = (sessionId: string, message: Message) => messages.set(sessionId, [...(messages.get(sessionId) ?? []), message]);
  return {
    ...parts,
    leaveMessage,
    async show(c, { title, current, main, status = 200 }) {
      const { session, administrator } = c.get('signedIn');
      // What the script asks for in the background is read by nobody.
      const left = isLive(c) ? [] : (messages.get(session.id) ?? []);
      if (left.length > 0) messages.delete(session.id);
      const { html, headers } = frame({
        title,
        main,
        signedIn: { name: administrator.name, formToken: session.formToken, current, messages: left },
      });
      return c.html(html, status, headers);
    },
    goOn(c, path, message) {
      if (message !== undefined) leaveMessage(c.get('signedIn').session.id, message);
      return c.redirect(`${DASHBOARD_PATH}${path}`, 303);
    },
    operatorOf(c) {
      const { store, audit, takeEffect } = parts;
      return {
        store,
        audit,
        takeEffect,
        actor: `administrator:${c.get('signedIn').administrator.name}`,
        remoteAddress: clientAddressOf(c),
      };
    },
  };
}

/** Whether the page's own script asks, and not the person: no sign of life. */
export function isLive(c: Context): boolean {
  return c.req.header('Landbridge-Live') !== undefined;
}
