/** All settings by group: what they do, where their values come from, and changing them while the connector runs. */
import { alertOf, confirmation, type Html, table, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { readHomeFiles, readLastGood } from '../../config/home-files.ts';
import { SETTING_NAMES, SETTINGS } from '../../config/settings.ts';
import { settingChanges } from '../../transfer/differences.ts';
import { applied } from '../change.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';
import { changeRows } from '../setting-changes.ts';
import { changesOf, settingField } from '../setting-field.ts';

const GROUPS = [...new Set(SETTING_NAMES.map((name) => SETTINGS[name].group))];

export function settingsRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  function page(
    c: Context<ConsoleEnv>,
    group: string,
    { problem, typed, refused = false }: { problem?: string; typed?: FormData; refused?: boolean } = {},
  ) {
    const config = context.running().config();
    const names = SETTING_NAMES.filter((name) => SETTINGS[name].group === group);
    const main = html`<div class="title"><div><h1>Settings</h1><p class="quiet">${config.home.configFile}. Changes are checked first; a change that would stop the connector from working is rejected.</p></div>
<a class="button plain" href="/settings/undo">Undo the last change</a></div>
<nav aria-label="Setting groups"><ul class="groups-nav">${GROUPS.map((one) => html`<li><a href="/settings?group=${encodeURIComponent(one)}"${one === group ? html` aria-current="true"` : ''}>${one}</a></li>`)}</ul></nav>
${alertOf(problem)}
<form class="wide" method="post" action="/settings?group=${encodeURIComponent(group)}">${tokenField(context.tokenOf(c))}
<section aria-labelledby="group"><h2 id="group">${group}</h2>
<div>${names.map((name) => settingField(name, config, typed))}</div>
${refused ? html`<p class="check"><input type="checkbox" id="force" name="force" value="on"><label for="force">Apply anyway: I know that this does not work now</label></p>` : ''}
<div class="actions"><button>Save</button></div></section></form>`;
    return context.show(c, { title: 'Settings', current: '/settings', main, status: problem === undefined ? 200 : 400 });
  }

  return new Hono<ConsoleEnv>()
    .get('/settings', (c) => page(c, groupOf(c.req.query('group'))))
    .post('/settings', async (c) => {
      const group = groupOf(c.req.query('group'));
      const form = c.get('form');
      const connector = context.running();
      const names = SETTING_NAMES.filter((name) => SETTINGS[name].group === group);
      const { changes, problems } = changesOf(names, connector.config(), form);
      if (problems.length > 0) return page(c, group, { problem: problems.join(' '), typed: form });
      if (Object.keys(changes).length === 0) return context.redirect(c, c.req.path + search(group), { tone: 'good', text: 'No changes.' });
      const force = formText(form, 'force') === 'on';
      const message = await applied(context, () => connector.apply(changes, { force }));
      if (message.tone === 'bad') return page(c, group, { problem: message.text, typed: form, refused: message.refused });
      return context.redirect(c, c.req.path + search(group), message);
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

function groupOf(given: string | undefined): string {
  return GROUPS.find((group) => group === given) ?? GROUPS[0] ?? '';
}

function search(group: string): string {
  return `?group=${encodeURIComponent(group)}`;
}
