/** First setup: ticket, directory and service account are entered, checked, and saved once all checks pass. */
import { field, type Html, textArea, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { withEntered } from '../../config/load.ts';
import { isSettingName, SETTINGS, type SettingName } from '../../config/settings.ts';
import { createOutbound } from '../../network/outbound.ts';
import { type FoundDirectory, findDirectories } from '../../setup/find-directory.ts';
import { saveSetup } from '../../setup/save.ts';
import { readHubTicket } from '../../setup/ticket.ts';
import { isWell } from '../../troubleshoot/report.ts';
import { started } from '../change.ts';
import { startCheckRun } from '../check-run.ts';
import { checkRunPart, watched } from '../elements.ts';
import { offeredIn } from '../offered-certificate.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';
import { labelOf } from '../setting-field.ts';
import { enrolledTicket, setupCodeRoutes } from './setup-code.ts';

const TYPED = ['PROVISIONING_TICKET', 'LDAP_URL', 'LDAP_BASE', 'LDAP_BIND_USER', 'LDAP_BIND_PASSWORD', 'CA_CERT', 'HTTP_PROXY'] as const;
const REQUIRED: readonly SettingName[] = ['PROVISIONING_TICKET', 'LDAP_URL', 'LDAP_BIND_USER', 'LDAP_BIND_PASSWORD'];
/** A password may begin or end with a space. */
const UNTRIMMED: readonly SettingName[] = ['LDAP_BIND_PASSWORD'];
export function setupRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  function content(
    formToken: string,
    directory: FoundDirectory | undefined,
    typed: Readonly<Record<string, string>>,
    problems: ReadonlyMap<SettingName, string> = new Map(),
  ): Html {
    const enrolled = enrolledTicket(context);
    const { file } = context.config();
    const value = (name: SettingName) => typed[name] ?? (enrolled !== undefined && typeof file[name] === 'string' ? file[name] : '');
    const problem = (name: SettingName) => problems.get(name) ?? '';
    const hasPassword = value('LDAP_BIND_PASSWORD') !== '';
    return html`<div class="title"><div><h1>Set up</h1><p class="quiet">Ticket, directory and service account. Nothing is saved before it is checked.</p></div>
<a class="button plain" href="/transfer">Import from another machine</a></div>
${problems.size === 0 ? '' : html`<section class="notice bad" role="alert"><ul class="problems">${[...problems].map(([name, text]) => html`<li><a href="#${name}">${labelOf(name)}</a> ${text}</li>`)}</ul></section>`}
<form class="wide" method="post" action="/setup">${tokenField(formToken)}
<section aria-labelledby="hub"><h2 id="hub">1. Hub</h2><div class="columns"><div>
${
  enrolled !== undefined
    ? html`<p>Enrolled at <strong>${new URL(enrolled.ticket).host}</strong> for the connection <strong>${enrolled.connection ?? ''}</strong>. <a href="/setup/code">Enrol at another hub</a></p>`
    : html`${field('PROVISIONING_TICKET', 'Ticket', { problem: problem('PROVISIONING_TICKET'), value: value('PROVISIONING_TICKET'), autofocus: true, hint: "The ticket URL from the connection's settings on the hub. It is a secret." })}
<p>No ticket? <a href="/setup/code">Enrol by a code</a>, which an administrator of the hub approves.</p>`
}</div><div>
${field('HTTP_PROXY', 'Proxy', { problem: problem('HTTP_PROXY'), value: value('HTTP_PROXY'), required: false, hint: 'Only if the hub is reached through one. For example http://proxy.example:3128' })}</div></div></section>
<section aria-labelledby="directory"><h2 id="directory">2. Directory</h2>
${directory === undefined ? html`<p class="quiet">DNS lists no directory servers for this machine's domain.</p>` : html`<p>DNS lists the servers of <strong>${directory.domain}</strong>: ${directory.servers.join(', ')}.</p>`}
<div class="columns"><div>
${field('LDAP_URL', 'Directory servers', { problem: problem('LDAP_URL'), value: value('LDAP_URL') || (directory?.url ?? ''), hint: 'ldaps://dc1.example.com, or ldaps:///DC=example,DC=com for all servers listed in DNS' })}
${field('LDAP_BASE', 'Search base', { problem: problem('LDAP_BASE'), value: value('LDAP_BASE'), required: false, hint: 'For example DC=example,DC=com. By default, the directory is asked.' })}</div><div>
${textArea('CA_CERT', 'Trusted authorities', { problem: problem('CA_CERT'), value: value('CA_CERT'), hint: "PEM text of the authority behind the directory's or the hub's certificate, if this machine does not trust it already. You can also leave it empty: the check shows an unknown authority, and you can trust it there." })}</div></div></section>
<section aria-labelledby="account"><h2 id="account">3. Service account</h2><div class="columns"><div>
${field('LDAP_BIND_USER', 'Service account', { problem: problem('LDAP_BIND_USER'), value: value('LDAP_BIND_USER'), hint: 'Its DN, or name@domain in Active Directory. It only needs read permissions.' })}
${field('LDAP_BIND_PASSWORD', 'Password', { problem: problem('LDAP_BIND_PASSWORD'), type: 'password', autocomplete: 'new-password', required: !hasPassword, hint: hasPassword ? 'Leave empty to keep the one entered before.' : '' })}</div><div>
${field('user', 'Test user', { value: typed.user ?? '', required: false, hint: 'Optional: a user name whose groups the checks look up. No password is needed.' })}</div></div></section>
<div class="actions"><button>Check</button></div></form>`;
  }

  return new Hono<ConsoleEnv>()
    .use('/setup/*', async (c, next) => (context.connector() === undefined ? next() : context.redirect(c, '/')))
    .route('/', setupCodeRoutes(context))
    .get('/setup', async (c) => {
      if (context.connector() !== undefined) return context.redirect(c, '/');
      const { formToken, checkRun } = c.get('session');
      const [directory] = await findDirectories(context.config().values.LDAP_DNS_SERVERS);
      return context.show(c, { title: 'Set up', current: '/setup', main: content(formToken, directory, checkRun?.changes ?? {}) });
    })
    .post('/setup', async (c) => {
      if (context.connector() !== undefined) return context.redirect(c, '/');
      const session = c.get('session');
      const form = c.get('form');
      const typed: Record<string, string> = { user: formText(form, 'user').trim() };
      for (const name of TYPED) typed[name] = UNTRIMMED.includes(name) ? formText(form, name) : formText(form, name).trim();
      typed.PROVISIONING_TICKET ||= enrolledTicket(context)?.ticket ?? '';
      typed.LDAP_BIND_PASSWORD ||= session.typedSecrets.get('LDAP_BIND_PASSWORD') ?? session.checkRun?.changes.LDAP_BIND_PASSWORD ?? '';
      session.typedSecrets = new Map([['LDAP_BIND_PASSWORD', typed.LDAP_BIND_PASSWORD]]);
      const problems = problemsOf(typed);
      if (problems.size > 0) {
        const main = content(session.formToken, undefined, typed, problems);
        return context.show(c, { title: 'Set up', current: '/setup', main, status: 400 });
      }
      session.checkRun?.cancel();
      session.checkRun = startCheckRun(context.troubleshooter, {
        home: context.home,
        environment: context.environment,
        changes: Object.fromEntries(Object.entries(typed).filter(([name, value]) => name !== 'user' && value !== '')),
        userName: typed.user === '' ? undefined : typed.user,
      });
      return context.redirect(c, '/setup/checks');
    })
    .get('/setup/checks', (c) => {
      const { checkRun, formToken } = c.get('session');
      if (checkRun === undefined) return context.redirect(c, '/setup');
      const after = !checkRun.isOver()
        ? html`<p><a href="/setup/checks">Refresh</a></p>`
        : isWell(checkRun.results) && checkRun.failure() === undefined
          ? html`<form method="post" action="/setup/save">${tokenField(formToken)}<div class="actions"><button>Save and start</button><a href="/setup">Edit</a></div></form>`
          : html`<div class="actions"><a class="button" href="/setup">Correct the input</a></div>
<form class="wide" method="post" action="/setup/save">${tokenField(formToken)}
<div class="check"><input type="checkbox" id="anyway" name="anyway" value="on" required><div><label for="anyway">I know what failed and want to save anyway</label></div></div>
<div><button class="plain">Save anyway</button></div></form>`;
      const main = html`<h1>Checks</h1><section>${watched('checks', checkRun.isOver(), html`${checkRunPart(checkRun, { action: '/setup/trust', formToken })}${after}`)}</section>`;
      const refreshSeconds = checkRun.isOver() ? undefined : 2;
      return context.show(c, { title: 'Checks', current: '/setup', main, refreshSeconds });
    })
    .post('/setup/trust', (c) => {
      const session = c.get('session');
      const { checkRun } = session;
      const offered = offeredIn(checkRun?.results ?? [], formText(c.get('form'), 'fingerprint'));
      if (checkRun === undefined || offered === undefined) return context.redirect(c, '/setup');
      checkRun.cancel();
      const { CA_CERT = '' } = checkRun.changes;
      const changes = { ...checkRun.changes, CA_CERT: `${CA_CERT}\n${offered.pem}`.trim() };
      session.checkRun = startCheckRun(context.troubleshooter, {
        home: context.home,
        environment: context.environment,
        changes,
        userName: checkRun.userName,
      });
      return context.redirect(c, '/setup/checks', { tone: 'good', text: `Trusted: ${offered.subject}. It is saved with the rest.` });
    })
    .post('/setup/save', async (c) => {
      const session = c.get('session');
      const { checkRun } = session;
      if (checkRun === undefined) return context.redirect(c, '/setup');
      const isAnyway = formText(c.get('form'), 'anyway') === 'on';
      if (!checkRun.isOver() || (!isAnyway && (!isWell(checkRun.results) || checkRun.failure() !== undefined))) {
        return context.redirect(c, '/setup/checks', { tone: 'bad', text: 'Not saved: some checks have not passed.' });
      }
      const changes = parsed(checkRun.changes);
      const before = context.config();
      const config = withEntered(before, changes, context.environment);
      const { PROVISIONING_TICKET: ticket } = config.values;
      const reading =
        ticket === undefined
          ? undefined
          : await readHubTicket(createOutbound(config.values), config, ticket).catch((error: unknown) => {
              if (!isAnyway) throw error;
              return undefined;
            });
      saveSetup(before, config, changes, reading);
      session.checkRun = undefined;
      session.typedSecrets = new Map();
      return started(context, c, 'Saved');
    });
}

/** @returns the end of a sentence for each rejected field */
function problemsOf(typed: Readonly<Record<string, string>>): Map<SettingName, string> {
  const problems = new Map<SettingName, string>();
  for (const name of TYPED) {
    const value = typed[name] ?? '';
    if (value === '') {
      if (REQUIRED.includes(name)) problems.set(name, 'is required.');
    } else if (!SETTINGS[name].type.schema.safeParse(value).success) {
      problems.set(name, `must be ${SETTINGS[name].type.describe.replaceAll('`', '')}.`);
    }
  }
  return problems;
}

/** As stored in the file. */
function parsed(changes: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [name, isSettingName(name) ? SETTINGS[name].type.schema.parse(value) : value]),
  );
}
