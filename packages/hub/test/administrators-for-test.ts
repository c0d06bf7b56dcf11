/** Administrators for tests, created without the dashboard. */
import { newSecretToken } from '@landbridge/web';
import { NEW_ADMINISTRATOR } from '../src/administrators/administrators.ts';
import type { Administrator, AdministratorSession } from '../src/store/administrators.ts';
import type { Store } from '../src/store/store.ts';
import { createPlainBrowser, type PlainBrowser } from './plain-browser.ts';

const CREATED_AT = new Date(1_700_000_000_000);

export function exampleAdministrator(name: string, changes: Partial<Administrator> = {}): Administrator {
  return { ...NEW_ADMINISTRATOR, id: `id-${name}`, name, role: 'owner', createdAt: CREATED_AT, ...changes };
}

/** Adds an administrator who can sign in, and opens a session. @returns a browser with its cookie, and the token of its forms */
export async function signedInBrowser(
  store: Store,
  name: string,
  changes: Partial<Administrator> = {},
  session: Partial<AdministratorSession> = {},
): Promise<{ browser: PlainBrowser; formToken: string; cookie: string }> {
  const administrator = exampleAdministrator(name, { passwordHash: 'x', totpSecret: 'y', ...changes });
  await store.addAdministrator(administrator);
  const { token, hash } = newSecretToken();
  const at = new Date();
  const formToken = `form-${name}`;
  await store.addSession(hash, {
    id: `session-${name}`,
    administratorId: administrator.id,
    stage: 'full',
    formToken,
    remoteAddress: undefined,
    browser: undefined,
    authenticatedAt: at,
    createdAt: at,
    lastSeenAt: at,
    ...session,
  });
  const browser = createPlainBrowser();
  browser.cookies.set('landbridge-session', { value: token, path: '/', attributes: '' });
  return { browser, formToken, cookie: `landbridge-session=${token}` };
}
