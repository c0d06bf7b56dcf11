/** All settings by task: what they do, where their values come from, and changing them while the connector runs. */
import { setTimeout as delay } from 'node:timers/promises';
import { confirmation, type Html, table, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { ChangeStep } from '../../agent/connector.ts';
import { readHomeFiles, readLastGood } from '../../config/home-files.ts';
import { isSettingName, SETTING_NAMES, type SettingName } from '../../config/settings.ts';
import { settingChanges } from '../../transfer/differences.ts';
import { applied } from '../change.ts';
import { watched } from '../elements.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';
import { type Saving, startSaving } from '../saving.ts';
import { changeRows } from '../setting-changes.ts';
import { changesOf, labelOf, type RejectedForm } from '../setting-field.ts';
import { type SettingsView, settingSections, settingsView, viewAddress, viewNavigation } from '../settings-view.ts';

/** A change that takes longer gets a page with its progress. */
const QUICK_MS = 1500;
const STEPS: Record<ChangeStep, string> = {
  directory: 'Connecting to the directory, signing in as the service account, and searching',
  hub: 'Registering with the hub and connecting to it',
  saving: 'Saving, and switching over',
};

type Rejection = RejectedForm & { problem: string; refused: boolean };

export function settingsRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  function page(c: Context<ConsoleEnv>, view: SettingsView, rejection?: Rejection) {
    const config = context.running().config();
    const main = html`<div class="title"><div><h1>Settings</h1><p class="quiet">${config.home.configFile}. Changes are checked first; a change that would stop the connector from working is rejected.</p></div>
<a class="button plain" href="/settings/undo">Undo the last change</a></div>
${viewNavigation(view, config)}
${rejection === undefined ? '' : problemPart(rejection)}
<form class="wide settings" method="post" action="${viewAddress(view)}" data-unsaved="${rejection === undefined ? '' : 'draft'}">${tokenField(context.tokenOf(c))}
${settingSections(view, config, rejection)}
<section class="save-bar">${rejection?.refused ? html`<p class="check"><input type="checkbox" id="force" name="force" value="on"><label for="force">Apply anyway: I know that this does not work now</label></p>` : ''}
<div class="actions"><button>Save</button><p class="quiet">The new values are tried with the directory and the hub before they replace the old ones.</p></div></section></form>`;
    const status = rejection === undefined ? 200 : 400;
    return context.show(c, { title: 'Settings', current: '/settings', help: 'configuration', main, status });
  }

  /** Answers with the result of a finished change. */
  function finish(c: Context<ConsoleEnv>, saving: Saving): Response | Promise<Response> {
    const session = c.get('session');
    const outcome = saving.outcome();
    // A refused change can be shown again: browsers load pages twice.
    if (outcome?.tone !== 'bad') session.saving = undefined;
    if (outcome === undefined) throw saving.failure();
    session.typedSecrets = outcome.tone === 'bad' ? saving.input.secrets : new Map();
    if (outcome.tone === 'good') return context.redirect(c, saving.address, outcome);
    const query = new URL(saving.address, 'http://console').searchParams;
    const view = settingsView((name) => query.get(name) ?? undefined);
    return page(c, view, { ...saving.input, problem: outcome.text, refused: outcome.refused, problems: problemsIn(outcome.text) });
  }

  return new Hono<ConsoleEnv>()
    .get('/settings', (c) => {
      c.get('session').typedSecrets = new Map();
      return page(
        c,
        settingsView((name) => c.req.query(name)),
      );
    })
    .post('/settings', async (c) => {
      const session = c.get('session');
      const view = settingsView((name) => c.req.query(name));
      const form = c.get('form');
      const connector = context.running();
      const { changes, problems, secrets } = changesOf(SETTING_NAMES, connector.config(), form, session.typedSecrets);
      session.typedSecrets = secrets;
      if (problems.size > 0) {
        const problem = problems.size === 1 ? 'Not saved: one value is invalid.' : `Not saved: ${problems.size} values are invalid.`;
        return page(c, view, { problem, form, problems, secrets, refused: false });
      }
      if (Object.keys(changes).length === 0) return context.redirect(c, viewAddress(view), { tone: 'good', text: 'No changes.' });
      const force = formText(form, 'force') === 'on';
      const saving = startSaving(context, (onStep) => connector.apply(changes, { force, onStep }), {
        address: viewAddress(view),
        input: { form, secrets },
      });
      session.saving = saving;
      const quick = new AbortController();
      await Promise.race([saving.done, delay(QUICK_MS, undefined, { signal: quick.signal }).catch(() => {})]);
      quick.abort();
      return isOver(saving) ? finish(c, saving) : context.redirect(c, '/settings/saving');
    })
    .get('/settings/saving', (c) => {
      const { saving } = c.get('session');
      if (saving === undefined) return context.redirect(c, '/settings');
      // The page's script follows the link once this part is complete.
      if (isOver(saving) && c.req.header('Landbridge-Live') === undefined) return finish(c, saving);
      const main = html`<h1>Saving</h1><section>${watched('saving', isOver(saving), progress(saving))}</section>`;
      return context.show(c, { title: 'Saving', current: '/settings', main, refreshSeconds: 2 });
    })
    .get('/settings/undo', (c) => {
      const { home } = context.running().config();
      const good = readLastGood(home);
      if (good === undefined)
        return context.redirect(c, '/settings', { tone: 'bad', text: 'There is no previous configuration: nothing was changed yet.' });
      const now = readHomeFiles(home);
      const changes = settingChanges(now.settings, good.files.settings);
      const others = [
        ...(now.mapper === good.files.mapper ? [] : ['Also restores the profile mapper.']),
        ...(now.certificate?.certificatePem === good.files.certificate?.certificatePem
          ? []
          : ["Also restores the connector's certificate."]),
      ];
      const text: Html = html`<p>This restores the configuration in use until ${time(good.savedAt, '', true)}, after checking it against the directory and the hub.</p>
${table('Changes', ['Setting', 'Change', 'Current', 'New'], changeRows(changes), 'No setting changes.')}${others.map((other) => html`<p>${other}</p>`)}`;
      const main = confirmation(context.tokenOf(c), {
        heading: 'Undo the last change?',
        text,
        action: '/settings/undo',
        button: 'Undo',
        back: '/settings',
        danger: false,
      });
      return context.show(c, { title: 'Undo', current: '/settings', main });
    })
    .post('/settings/undo', async (c) =>
      context.redirect(c, '/settings', await applied(context, () => context.running().undo(), 'Change undone.')),
    );
}

function isOver(saving: Saving): boolean {
  return saving.outcome() !== undefined || saving.failure() !== undefined;
}

function progress(saving: Saving): Html {
  const steps = saving.steps();
  const state = (index: number) => (index < steps.length - 1 || isOver(saving) ? 'pass' : 'running');
  return html`<p role="status">${isOver(saving) ? 'Finished.' : 'Trying the new settings. The previous ones are in use until this succeeds.'}</p>
<ul class="checks">${steps.map((step, index) => html`<li><span class="mark ${state(index)}">${state(index) === 'running' ? 'running' : 'done'}</span><span>${STEPS[step]}</span></li>`)}</ul>
<p><a href="/settings/saving"${isOver(saving) ? html` data-then` : ''}>${isOver(saving) ? 'Show the result' : 'Refresh'}</a></p>`;
}

/** The summary above the form, with a link to each wrong field. */
function problemPart({ problem, problems }: Rejection): Html {
  return html`<section class="notice bad" role="alert"><p>${problem}</p>
${problems.size === 0 ? '' : html`<ul class="problems">${[...problems.keys()].map((name) => html`<li><a href="#${name}">${labelOf(name)}</a></li>`)}</ul>`}</section>`;
}

/** A refused configuration has a line for each problem, which begins with the setting's name. */
function problemsIn(text: string): Map<SettingName, string> {
  const found = new Map<SettingName, string>();
  for (const line of text.split('\n')) {
    const [name = ''] = /[A-Z][A-Z0-9_]{3,}/.exec(line) ?? [];
    if (isSettingName(name) && line.trim().startsWith(name) && !found.has(name)) found.set(name, line.trim());
  }
  return found;
}
