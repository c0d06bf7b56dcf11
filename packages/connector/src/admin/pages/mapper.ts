/** The profile mapper: its source in an editor, the entry of a real person beside it, and what it makes of that. It is saved only if it runs. */

import { CodedError } from '@landbridge/runtime';
import { alertOf, field, type Html, sentence, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Applied } from '../../agent/connector.ts';
import { readHomeFiles } from '../../config/home-files.ts';
import { profileMapperSource } from '../../config/profile-mapper-source.ts';
import { createProfileMapper } from '../../users/mapper/profile-mapper.ts';
import { createUsers } from '../../users/users.ts';
import { DEFAULT_MAPPER_SOURCE, editorHead } from '../assets.ts';
import { applied } from '../change.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';
import { jsonText } from '../raw-text.ts';

/** While somebody types, a mapper that loops is not waited for as long as at a sign-in. */
const PREVIEW_TIMEOUT_MS = 2000;
const LOOK_TIMEOUT_MS = 15_000;
/** A person is looked up once for many previews. */
const PERSON_FRESH_MS = 60_000;

interface Person {
  raw: Record<string, unknown>;
  /** What the default mapper makes of it. */
  profile: unknown;
}

type Outcome = { profile: unknown; defaultProfile: unknown } | { problem: string } | undefined;

export function mapperRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  let last: { name: string; at: number; person: Person } | undefined;

  /** @throws CodedError why the directory cannot be asked */
  async function personOf(name: string): Promise<Person | undefined> {
    if (name === '') return undefined;
    if (last?.name === name && Date.now() - last.at < PERSON_FRESH_MS) return last.person;
    const connector = context.running();
    const { values } = connector.config();
    // The mapper in use may be the one that fails, so the entry is read beside it.
    const mapper = createProfileMapper({ source: undefined, timeoutMs: PREVIEW_TIMEOUT_MS, memoryLimitMb: 16, log: context.log });
    const users = createUsers({ directory: connector.directory(), mapper, customMapper: true, settings: values, log: context.log });
    const found = await users.inspect(name, { correlationId: 'console', signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) });
    if (found === undefined) return undefined;
    const person = { raw: found.raw, profile: found.profile };
    last = { name, at: Date.now(), person };
    return person;
  }

  /** One at a time: each has a process of its own, with all the memory that it may use. */
  let mapping: Promise<unknown> = Promise.resolve();
  function map(source: string, person: Person | undefined, timeoutMs: number): Promise<Outcome> {
    const { PROFILE_MAPPING_MEMORY_LIMIT_MB: memoryLimitMb } = context.running().config().values;
    const outcome = mapping.then(async (): Promise<Outcome> => {
      try {
        const mapper = createProfileMapper({ source, timeoutMs, memoryLimitMb, log: context.log });
        try {
          await mapper.ready();
          return person && { profile: await mapper.map(person.raw), defaultProfile: person.profile };
        } finally {
          await mapper.close();
        }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return { problem: sentence(error) ?? '' };
      }
    });
    mapping = outcome.catch(() => {});
    return outcome;
  }

  function present(): { source: string; isCustom: boolean; isFixed: boolean } {
    const config = context.running().config();
    const source = profileMapperSource(config);
    const isFixed = config.origins.PROFILE_MAPPER === 'environment' || config.origins.PROFILE_MAPPER_FILE === 'environment';
    return { source: source ?? DEFAULT_MAPPER_SOURCE, isCustom: source !== undefined, isFixed };
  }

  async function content(
    c: Context<ConsoleEnv>,
    { source, user, problem }: { source: string; user: string; problem?: string | undefined },
  ): Promise<Html> {
    const { isCustom, isFixed } = present();
    const token = context.tokenOf(c);
    const found = await personOf(user).catch((error: unknown) => ({ failure: sentence(error) ?? 'The directory could not be asked.' }));
    const person = found !== undefined && 'raw' in found ? found : undefined;
    const outcome = await map(source, person, PREVIEW_TIMEOUT_MS);
    const missing =
      found !== undefined && 'failure' in found
        ? found.failure
        : user === ''
          ? 'Choose a person to see an entry and a profile.'
          : `Nobody is found as ${user}.`;
    return html`<div class="title"><div><h1>Profile mapper</h1><p class="quiet">${isCustom ? 'One of your own is in use.' : 'The default one is in use; what stands below does the same.'}${isFixed ? ' It is set in the environment and cannot be changed here.' : ''}</p></div>
${isCustom && !isFixed ? html`<form method="post" action="/mapper/default">${tokenField(token)}<button class="plain">Use the default mapper</button></form>` : ''}</div>
${alertOf(problem)}
<form class="wide" method="get" action="/mapper"><div class="columns"><div>${field('user', 'Person', { value: user, required: false, hint: 'A user name whose entry is mapped below.' })}</div></div><div class="actions"><button class="plain">Show</button></div></form>
<form class="wide" method="post" action="/mapper">${tokenField(token)}<input type="hidden" name="user" value="${user}">
<div class="columns two"><section aria-labelledby="source-label"><h2 id="source-label">Source</h2>
<textarea id="source" name="source" rows="24" class="code" spellcheck="false" aria-labelledby="source-label"${isFixed ? html` readonly` : ''}>${source}</textarea>
${isFixed ? '' : html`<div class="actions"><button name="do" value="save">Save</button><button class="plain" name="do" value="try">Try</button></div>`}</section>
<section aria-labelledby="entry"><h2 id="entry">Entry</h2>${person === undefined ? html`<p class="quiet">${missing}</p>` : pre('Entry', jsonText(person.raw))}</section></div></form>
${outcomePart(outcome)}
<section><details><summary>The default mapper, to compare with</summary>${pre('The default mapper', DEFAULT_MAPPER_SOURCE)}</details></section>`;
  }

  async function page(c: Context<ConsoleEnv>, given: { source: string; user: string; problem?: string | undefined }): Promise<Response> {
    const main = await content(c, given);
    return context.show(c, {
      title: 'Profile mapper',
      current: '/mapper',
      main,
      head: editorHead,
      status: given.problem === undefined ? 200 : 400,
    });
  }

  /** Where the source stands now decides where it is written; a file elsewhere is left, and no longer used. */
  function save(source: string | undefined): Promise<Applied> {
    const connector = context.running();
    const files = readHomeFiles(connector.config().home);
    const settings = { ...files.settings };
    delete settings.PROFILE_MAPPER;
    delete settings.PROFILE_MAPPER_FILE;
    return connector.replace({ ...files, settings, mapper: source });
  }

  return new Hono<ConsoleEnv>()
    .get('/mapper', (c) => page(c, { source: present().source, user: (c.req.query('user') ?? '').trim() }))
    .post('/mapper/preview', async (c) => {
      const form = c.get('form');
      const person = await personOf(formText(form, 'user')).catch(() => undefined);
      return c.html(html`${outcomePart(await map(formText(form, 'source'), person, PREVIEW_TIMEOUT_MS))}`);
    })
    .post('/mapper', async (c) => {
      const form = c.get('form');
      const [source, user] = [formText(form, 'source').replaceAll('\r\n', '\n'), formText(form, 'user')];
      if (formText(form, 'do') !== 'save') return page(c, { source, user });
      if (source.trim() === '')
        return page(c, { source, user, problem: 'There is no source. "Use the default mapper" goes back to that.' });
      const outcome = await map(
        source,
        await personOf(user).catch(() => undefined),
        context.running().config().values.PROFILE_MAPPING_TIMEOUT_MS,
      );
      if (outcome !== undefined && 'problem' in outcome) return page(c, { source, user, problem: `It was not saved: ${outcome.problem}` });
      const message = await applied(context, () => save(source), 'The mapper is saved and in use.');
      if (message.tone === 'bad') return page(c, { source, user, problem: message.text });
      return context.redirect(c, `/mapper?user=${encodeURIComponent(user)}`, message);
    })
    .post('/mapper/default', async (c) =>
      context.redirect(c, '/mapper', await applied(context, () => save(undefined), 'The default mapper is in use.')),
    );
}

function outcomePart(outcome: Outcome): Html {
  return html`<div id="outcome" class="watched">${
    outcome === undefined
      ? html`<section><h2>Profile</h2><p class="quiet">The source loads. Choose a person to see what it makes of one.</p></section>`
      : 'problem' in outcome
        ? html`<section class="notice bad" role="alert"><h2>It does not run</h2><p>${outcome.problem}</p></section>`
        : html`<div class="columns two"><section><h2>Profile</h2>${pre('Profile', jsonText(outcome.profile))}</section>
<section><h2>By the default mapper</h2>${pre('Profile by the default mapper', jsonText(outcome.defaultProfile))}</section></div>`
  }</div>`;
}

function pre(label: string, text: string): Html {
  return html`<pre class="tall code" tabindex="0" role="group" aria-label="${label}">${text}</pre>`;
}
