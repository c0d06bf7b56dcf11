/** Enrols a connector by the code that it shows: entering the code, comparing, choosing the connection, approving or denying. */
import { readUserCode } from '@landbridge/protocol';
import { addressGroup, CodedError } from '@landbridge/runtime';
import { checkBox, choiceField, clientAddressOf, createThrottle, field, type Html, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { createConnection } from '../../connections/connections.ts';
import { approveCode, codeNotFound, denyCode, findCode, keyFingerprintOf } from '../../tickets/approve-code.ts';
import type { CodeEntry } from '../../tickets/enrolment-codes.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const LONGEST_WAIT_MS = 15 * 60_000;
/** Errors in the input, which are shown on the page. */
const CORRECTABLE = ['CODE_NOT_COMPARED', 'CONNECTION_NAME_INVALID', 'CONNECTION_EXISTS', 'CONNECTION_NOT_FOUND', 'INVALID_REQUEST'];

export function codePages(context: DashboardContext): Hono<DashboardEnv> {
  const { codes, store } = context;
  // Attackers can always get codes of their own, so a right code resets only its own attempt, not the count.
  const guesses = createThrottle({
    administrator: { free: 10, longestMs: LONGEST_WAIT_MS, keepsFailures: true },
    address: { free: 20, longestMs: LONGEST_WAIT_MS, keepsFailures: true },
  });

  /** @throws CodedError CODE_NOT_FOUND, TOO_MANY_ATTEMPTS */
  function typed(c: Context<DashboardEnv>, text: string): CodeEntry {
    const succeeded = guesses.begin([
      ['administrator', c.get('signedIn').administrator.id],
      ['address', addressGroup(clientAddressOf(c))],
    ]);
    const userCode = readUserCode(text);
    if (userCode === undefined) throw codeNotFound();
    const entry = findCode(codes, userCode);
    succeeded();
    return entry;
  }

  function entryPage(c: Context<DashboardEnv>, code = '', problem = ''): Response | Promise<Response> {
    const main = html`<section class="narrow"><h1>Enrol a connector by its code</h1>
<p>On the machine beside the directory, <code>landbridge-connector setup --hub ${context.publicUrl()}</code> or the connector's console shows a code. Enter it here only if you, or someone you are talking to, started that setup.</p>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="${DASHBOARD_PATH}/code">${tokenField(context.tokenOf(c))}
${field('code', 'Code', { value: code, autofocus: true, maxlength: 20, hint: 'Eight letters. Example: BCDF-GHJK' })}
<div class="actions"><button>Continue</button><a href="${DASHBOARD_PATH}">Cancel</a></div></form></section>`;
    return context.show(c, { title: 'Enrol a connector', current: '', main, status: problem === '' ? 200 : 400 });
  }

  async function decisionPage(c: Context<DashboardEnv>, entry: CodeEntry, problem = ''): Promise<Response> {
    const form = c.req.method === 'POST' ? c.get('form') : undefined;
    const connections = await store.connections();
    const base = `${DASHBOARD_PATH}/code/${entry.userCode}`;
    const token = tokenField(context.tokenOf(c));
    const main = html`<section class="narrow"><h1>Enrol this connector?</h1>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<p>This connector will receive the passwords of users who sign in for the connection, and decide who they are.</p>
${requestRows(entry)}
${
  entry.comparison === undefined
    ? html`<p class="notice bad" role="alert">The connector is not ready yet. <a href="${base}">Reload</a> in a few seconds.</p>`
    : html`<form method="post" action="${base}/approve">${token}
<h2>1. Compare</h2>
<p>The connector shows a comparison code, in its terminal or console. Check it there, not in a message that someone sent you. If even one character differs, a proxy is intercepting the connection: deny.</p>
<p class="shown-code"><code id="comparison">${entry.comparison}</code></p>
${checkBox('matches', 'It matches: the connector shows exactly this comparison code', form?.has('matches') ?? false)}
<h2>2. Choose the connection</h2>
${connectionField(connections, form)}
<div class="actions"><button>Approve</button><a href="${DASHBOARD_PATH}">Cancel</a></div></form>`
}
<form method="post" action="${base}/deny">${token}<button class="danger">Deny: the code differs, or I did not expect this connector</button></form></section>`;
    return context.show(c, { title: 'Enrol a connector', current: '', main, status: problem === '' ? 200 : 400 });
  }

  const codeOf = (c: Context<DashboardEnv>) => c.req.param('code') ?? '';

  return new Hono<DashboardEnv>()
    .get('/code', (c) => entryPage(c))
    .post('/code', async (c) => {
      const code = c.get('form').get('code') ?? '';
      try {
        return context.redirect(c, `/code/${typed(c, code).userCode}`);
      } catch (error) {
        return entryPage(c, code, problemIn(error, ['CODE_NOT_FOUND', 'TOO_MANY_ATTEMPTS']));
      }
    })
    .get('/code/:code', async (c) => {
      try {
        return await decisionPage(c, typed(c, codeOf(c)));
      } catch (error) {
        return entryPage(c, '', problemIn(error, ['CODE_NOT_FOUND', 'TOO_MANY_ATTEMPTS']));
      }
    })
    .post('/code/:code/approve', async (c) => {
      const entry = typed(c, codeOf(c));
      const form = c.get('form');
      const [chosen = '', created = ''] = [form.get('connection')?.trim(), form.get('new-connection')?.trim()];
      const operator = context.operatorOf(c);
      const matches = form.has('matches');
      try {
        if ((chosen === '') === (created === '')) {
          throw new CodedError('INVALID_REQUEST', 'Either choose a connection or enter the name of a new one');
        }
        if (chosen === '' && matches) await createConnection(operator, created);
        await approveCode(operator, codes, entry.userCode, { connectionName: chosen || created, matches });
      } catch (error) {
        return decisionPage(c, entry, problemIn(error, CORRECTABLE));
      }
      const text = `Approved: ${entry.hostName ?? 'the connector'} enrols itself now, and comes online after its setup.`;
      return context.redirect(c, `/connections/${chosen || created}`, { tone: 'good', text });
    })
    .post('/code/:code/deny', async (c) => {
      const { userCode } = typed(c, codeOf(c));
      await denyCode(context.operatorOf(c), codes, userCode);
      return context.redirect(c, '', { tone: 'good', text: 'Connector denied. It is not enrolled, and its code is no longer valid.' });
    });
}

/** @returns the error's text. @throws the error itself unless its code is in the list */
function problemIn(error: unknown, codes: readonly string[]): string {
  if (!(error instanceof CodedError) || !codes.includes(error.code)) throw error;
  return `${error.message}.${error.action === undefined ? '' : ` ${error.action}`}`;
}

function requestRows(entry: CodeEntry): Html {
  return html`<dl><div><dt>Host name, reported by the connector</dt><dd>${entry.hostName ?? 'unknown'}</dd></div>
<div><dt>Address</dt><dd>${entry.remoteAddress}</dd></div>
<div><dt>Version</dt><dd>${entry.agentVersion ?? 'unknown'}</dd></div>
<div><dt>Key (SHA-256)</dt><dd><code>${keyFingerprintOf(entry)}</code></dd></div></dl>`;
}

function connectionField(connections: readonly { name: string }[], form: URLSearchParams | undefined): Html {
  const chosen = form?.get('connection') ?? '';
  const created = field('new-connection', connections.length === 0 ? 'Name of the new connection' : 'Or the name of a new connection', {
    ...{ value: form?.get('new-connection') ?? '', required: connections.length === 0, maxlength: 64 },
    hint: 'One connection for each directory. Letters, digits, dots, hyphens and underscores.',
  });
  if (connections.length === 0) return created;
  const choices = [{ value: '', label: 'New connection' }, ...connections.map(({ name }) => ({ value: name, label: name }))];
  return html`${choiceField('connection', 'Connection', choices, chosen)}${created}`;
}
