/** Enrolment without a ticket, during the first setup: shows a code, and waits until an administrator of the hub has approved it. */
import { CodedError } from '@landbridge/runtime';
import { field, type Html, sentence, textArea, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { withEntered } from '../../config/load.ts';
import { SETTINGS } from '../../config/settings.ts';
import { enrolByCode, hubOriginOf, type ShownCode } from '../../setup/code-enrolment.ts';
import { isEnrolledByCode } from '../../setup/ticket.ts';
import { watched } from '../elements.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';

/** Settings that may be needed to reach the hub. They are saved with the enrolment. */
const NETWORK = ['HTTP_PROXY', 'CA_CERT'] as const;

/** One attempt, from asking for a code to its end. */
interface CodeRun {
  shown: ShownCode | undefined;
  state: 'waiting' | 'enrolled' | { failure: string };
  cancel(): void;
}

export function setupCodeRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  /** A connector has only one attempt at a time, even if another session started it. */
  let run: CodeRun | undefined;

  function start(hub: string, settings: Readonly<Record<string, unknown>>): CodeRun {
    const stop = new AbortController();
    const started: CodeRun = { shown: undefined, state: 'waiting', cancel: () => stop.abort() };
    const config = withEntered(context.config(), settings, context.environment);
    const show = (shown: ShownCode) => {
      started.shown = shown;
    };
    enrolByCode(config, context.environment, { hub, settings, agentVersion: context.version, show, signal: stop.signal }).then(
      () => {
        started.state = 'enrolled';
      },
      (error: unknown) => {
        if (!(error instanceof CodedError)) context.log.error({ err: error }, 'Enrolment by a code failed');
        started.state = { failure: sentence(error) ?? 'Enrolment failed: see the log for the cause.' };
      },
    );
    return started;
  }

  function entry(formToken: string, typed: Readonly<Record<string, string>> = {}, problem = ''): Html {
    return html`<section class="narrow"><h1>Enrol by a code</h1>
<p>Without a ticket: this page shows a code, and an administrator of the hub approves it in the hub's dashboard.</p>
${problem === '' ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="/setup/code">${tokenField(formToken)}
${field('hub', 'Address of the hub', { value: typed.hub ?? '', autofocus: true, hint: 'As in the browser of its administrators. For example https://hub.example.com' })}
${field('HTTP_PROXY', 'Proxy', { value: typed.HTTP_PROXY ?? '', required: false, hint: 'Only if the hub is reached through one. For example http://proxy.example:3128' })}
${textArea('CA_CERT', 'Certificate authority', { value: typed.CA_CERT ?? '', hint: "PEM text of the authority behind the hub's certificate, if this machine does not trust it already." })}
<div class="actions"><button>Get a code</button><a href="/setup">Use a ticket</a></div></form></section>`;
  }

  function progress({ shown, state }: CodeRun, formToken: string): Html {
    if (state === 'enrolled') {
      return html`<p class="notice good" role="status">The connector is enrolled.</p><p><a class="button" href="/setup">Continue with the directory</a></p>`;
    }
    if (state !== 'waiting') {
      return html`<p class="notice bad" role="alert">${state.failure}</p><p><a class="button" href="/setup/code">Try again</a></p>`;
    }
    if (shown === undefined) return html`<p role="status">Asking the hub for a code…</p><p><a href="/setup/code/wait">Refresh</a></p>`;
    return html`<p>1. An administrator of the hub opens <strong>${shown.page}</strong> and types this code:</p>
<p class="shown-code"><code id="code">${shown.code}</code></p>
<p>2. The hub then shows a comparison code. It must be exactly this one:</p>
<p class="shown-code"><code id="comparison">${shown.comparison}</code></p>
<p>If a single character differs, something between this machine and the hub reads along: the administrator denies.</p>
<dl><div><dt>Key (SHA-256)</dt><dd><code>${shown.keyFingerprint}</code></dd></div></dl>
<p role="status">Waiting for approval until ${shown.expiresAt.toISOString().slice(11, 16)} UTC. <a href="/setup/code/wait">Refresh</a></p>
<form method="post" action="/setup/code/cancel">${tokenField(formToken)}<button class="plain">Cancel</button></form>`;
  }

  return new Hono<ConsoleEnv>()
    .get('/setup/code', (c) => {
      const main = entry(context.tokenOf(c));
      return context.show(c, { title: 'Enrol by a code', current: '/setup', main });
    })
    .post('/setup/code', (c) => {
      const form = c.get('form');
      const typed = Object.fromEntries(['hub', ...NETWORK].map((name) => [name, formText(form, name).trim()]));
      const settings: Record<string, unknown> = {};
      try {
        for (const name of NETWORK) {
          const { schema, describe } = SETTINGS[name].type;
          const read = schema.safeParse(typed[name]);
          if (typed[name] === '') continue;
          if (!read.success) throw new CodedError('SETUP_INPUT', `${name} must be ${describe.replaceAll('`', '')}`);
          settings[name] = read.data;
        }
        hubOriginOf(typed.hub ?? '', context.config().values);
        run?.cancel();
        run = start(typed.hub ?? '', settings);
      } catch (error) {
        const problem = sentence(error);
        if (problem === undefined) throw error;
        const main = entry(context.tokenOf(c), typed, problem);
        return context.show(c, { title: 'Enrol by a code', current: '/setup', main, status: 400 });
      }
      return context.redirect(c, '/setup/code/wait');
    })
    .get('/setup/code/wait', (c) => {
      if (run === undefined) return context.redirect(c, '/setup/code');
      const part = watched('enrolment', run.state !== 'waiting', progress(run, context.tokenOf(c)));
      const main = html`<section class="narrow"><h1>Enrol by a code</h1>${part}</section>`;
      return context.show(c, { title: 'Enrol by a code', current: '/setup', main });
    })
    .post('/setup/code/cancel', (c) => {
      run?.cancel();
      run = undefined;
      return context.redirect(c, '/setup');
    });
}

/** @returns the ticket that an enrolment by a code has saved; undefined if there is none */
export function enrolledTicket(context: ConsoleContext): { ticket: string; connection: string | undefined } | undefined {
  const { values } = context.config();
  const { PROVISIONING_TICKET: ticket, CONNECTION: connection } = values;
  return ticket !== undefined && isEnrolledByCode(values) ? { ticket, connection } : undefined;
}
