/** The page for each step of a sign-in, from what the browser keeps of the last form. */
import type { Page } from '@landbridge/web';
import type { Store } from '../store/store.ts';
import type { KeptPasswords } from './kept-passwords.ts';
import type { Login, OverLogin } from './login.ts';
import { accountPage, cannotChangePage, choicePage, endPage, type Problem, whoPage } from './pages.ts';
import { newPasswordPage, passwordPage } from './password-pages.ts';
import { connectionByHints, listed } from './realm.ts';
import type { LoginView } from './view.ts';

export function createStepPages({ store, passwords }: { store: Store; passwords: KeptPasswords }) {
  async function firstPage(
    login: Login,
    { problem, other = false, name }: { problem?: Problem | undefined; other?: boolean; name?: string } = {},
  ): Promise<Page> {
    const { hints, possible, speech, frame } = login;
    if (possible.length === 0) return endPage({ speech, frame: frame() }, { title: 'nowhereTitle', text: 'nowhere' });
    const connection = other && possible.length > 1 ? undefined : await connectionByHints(store, possible, hints);
    const username = other ? '' : (name ?? hints.loginHint ?? '');
    return connection === undefined ? whoPage(login, { name: username, problem }) : passwordPage(login, { connection, username, problem });
  }

  return {
    firstPage,
    /** @returns the first page for a step that this browser has not reached */
    async stepPage(login: Login, step: string): Promise<Page> {
      const { view, possible, interaction, signedInAs } = login;
      if (step === 'account' && signedInAs !== undefined) return accountPage(login, signedInAs);
      const problem = view?.step === step ? problemIn(view) : undefined;
      if (step === 'choice' && view !== undefined) return choicePage(login, { name: view.username, choice: listed(possible) });
      const connection = possible.find(({ name }) => name === view?.connection);
      if (view === undefined || connection === undefined || step === '')
        return firstPage(login, { problem, ...(view?.step === '' && view.username !== '' ? { name: view.username } : {}) });
      const { username, reason, rules } = view;
      if (step === 'cannot-change' && reason !== undefined) return cannotChangePage(login, connection, reason);
      if (step !== 'new-password' || reason === undefined)
        return passwordPage(login, { connection, username, problem, isChanged: view.note === 'changed' });
      const asksCurrent = passwords.of({ interaction, connectionId: connection.id, username }) === undefined;
      return newPasswordPage(login, { connection, username, reason, problem, asksCurrent, rules });
    },
    overPage: ({ speech, frame, text, application }: OverLogin): Page =>
      endPage({ speech, frame }, { title: 'overTitle', text, application }),
  };
}

function problemIn({ problem, retryAtMs }: LoginView): Problem | undefined {
  if (problem === undefined) return undefined;
  const waitSeconds = retryAtMs === undefined ? undefined : Math.ceil((retryAtMs - Date.now()) / 1000);
  return { key: problem, ...(waitSeconds === undefined || waitSeconds <= 0 ? {} : { waitSeconds }) };
}
