/** The profile mapper: its source in an editor, beside a real user's entry and the resulting profile. Saving requires that it runs. */
import { claimsOfProfile, type Profile, withAccountName } from '@landbridge/protocol';
import { CodedError, printableLines } from '@landbridge/runtime';
import { alertOf, confirmation, field, type Html, sentence, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Applied } from '../../agent/connector.ts';
import { readHomeFiles } from '../../config/home-files.ts';
import { profileMapperSource } from '../../config/profile-mapper-source.ts';
import { isKnownDefaultMapper } from '../../users/mapper/known-default-mappers.ts';
import { createProfileMapper } from '../../users/mapper/profile-mapper.ts';
import { createUsers } from '../../users/users.ts';
import { DEFAULT_MAPPER_SOURCE, editorHead } from '../assets.ts';
import { applied } from '../change.ts';
import { codePart, jsonPart } from '../elements.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';

/** Shorter than at a sign-in: a half-typed mapper may loop. */
const PREVIEW_TIMEOUT_MS = 2000;
const LOOKUP_TIMEOUT_MS = 15_000;
/** One lookup serves many previews. */
const USER_FRESH_MS = 60_000;

interface PreviewUser {
  name: string;
  accountName: string | undefined;
  raw: Record<string, unknown>;
  /** By the default mapper. */
  profile: unknown;
}

const IN_USE = {
  default: 'The default mapper is in use; the source below is equivalent.',
  'known default':
    'The file is the unmodified default mapper of an Auth0 connector. The built-in default mapper runs instead: it returns the same profile, faster.',
  custom: 'A custom mapper is in use.',
};

type Outcome = { profile: Profile; claims: ReturnType<typeof claimsOfProfile>; defaultProfile: unknown } | { problem: string } | undefined;

export function mapperRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  let last: { name: string; at: number; user: PreviewUser } | undefined;

  /** @throws CodedError if the directory is unavailable */
  async function userOf(name: string): Promise<PreviewUser | undefined> {
    if (name === '') return undefined;
    if (last?.name === name && Date.now() - last.at < USER_FRESH_MS) return last.user;
    const connector = context.running();
    const { values } = connector.config();
    // Reads the entry without the mapper in use, which may be the one that fails.
    const mapper = createProfileMapper({ source: undefined, timeoutMs: PREVIEW_TIMEOUT_MS, memoryLimitMb: 16, log: context.log });
    const users = createUsers({
      directory: connector.directory(),
      mapper, // A draft may read any attribute.
      mapperSource: '',
      settings: values,
      log: context.log,
    });
    const found = await users.inspect(name, { correlationId: 'console', signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS) });
    if (found === undefined) return undefined;
    const user = { name, accountName: found.accountName, raw: found.raw, profile: found.profile };
    last = { name, at: Date.now(), user };
    return user;
  }

  /** One at a time: each runs in a process of its own, and may use PROFILE_MAPPING_MEMORY_LIMIT_MB. */
  let mapping: Promise<unknown> = Promise.resolve();
  function map(source: string, user: PreviewUser | undefined, timeoutMs: number): Promise<Outcome> {
    const { PROFILE_MAPPING_MEMORY_LIMIT_MB: memoryLimitMb } = context.running().config().values;
    const outcome = mapping.then(async (): Promise<Outcome> => {
      try {
        const mapper = createProfileMapper({ source, timeoutMs, memoryLimitMb, log: context.log });
        try {
          await mapper.ready();
          if (user === undefined) return undefined;
          const profile = await mapper.map(user.raw);
          const claims = claimsOfProfile(withAccountName({ profile, accountName: user.accountName }), user.name);
          return { profile, claims, defaultProfile: user.profile };
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

  function current(): { source: string; use: 'default' | 'known default' | 'custom'; isFixed: boolean } {
    const config = context.running().config();
    const source = profileMapperSource(config);
    const isFixed = config.origins.PROFILE_MAPPER === 'environment' || config.origins.PROFILE_MAPPER_FILE === 'environment';
    const use = source === undefined ? 'default' : isKnownDefaultMapper(source) ? 'known default' : 'custom';
    return { source: source ?? DEFAULT_MAPPER_SOURCE, use, isFixed };
  }

  async function page(
    c: Context<ConsoleEnv>,
    { source, user, problem }: { source: string; user: string; problem?: string | undefined },
  ): Promise<Response> {
    const { use, isFixed, source: saved } = current();
    const isDraft = source !== saved;
    const token = context.tokenOf(c);
    const found = await userOf(user).catch((error: unknown) => ({ failure: sentence(error) ?? 'The directory is unavailable.' }));
    const shown = found !== undefined && 'raw' in found ? found : undefined;
    const outcome = await map(source, shown, PREVIEW_TIMEOUT_MS);
    const missing =
      found !== undefined && 'failure' in found
        ? found.failure
        : user === ''
          ? 'Choose a user to see an entry and a profile.'
          : `No user matches ${user}.`;
    const main = html`<div class="title"><div><h1>Profile mapper</h1><p class="quiet">${IN_USE[use]}${isFixed ? ' It is set in the environment and cannot be changed here.' : ''}</p></div>
${use !== 'default' && !isFixed ? html`<a class="button plain" href="/mapper/default">Use the default mapper</a>` : ''}</div>
${alertOf(problem)}
<form class="wide" method="post" action="/mapper" data-unsaved${isDraft ? html`="draft"` : ''}>${tokenField(token)}
<section><div class="columns"><div>${field('user', 'User', { value: user, required: false, hint: 'The user name whose entry is mapped below.' })}</div></div><div class="actions"><button class="plain" name="do" value="try">Show</button></div></section>
<div class="columns two"><section aria-labelledby="source-label"><h2 id="source-label">Source</h2>
<textarea id="source" name="source" rows="24" class="code" spellcheck="false" aria-labelledby="source-label"${isFixed ? html` readonly` : ''}>${source}</textarea>
<p class="quiet">A mapper runs in a sandbox without files, network and packages. These parts of Node.js are available: Buffer, timers, URL, util, and the hashes of crypto.</p>
${isDraft ? html`<p class="warn">Not saved yet.</p>` : ''}
${isFixed ? '' : html`<div class="actions"><button name="do" value="save">Save</button><button class="plain" name="do" value="try">Try</button></div>`}</section>
<section aria-labelledby="entry"><h2 id="entry">Entry</h2>${shown === undefined ? html`<p class="quiet">${missing}</p>` : jsonPart('Entry', shown.raw)}</section></div></form>
${outcomePart(outcome)}
<section><details><summary>The default mapper, for comparison</summary>${codePart('Default mapper', DEFAULT_MAPPER_SOURCE)}</details></section>`;
    const status = problem === undefined ? 200 : 400;
    return context.show(c, { title: 'Profile mapper', current: '/mapper', help: 'profile-mappers', main, head: editorHead, status });
  }

  /** Writes to the home. A file elsewhere stays as it is, and is no longer used. */
  function save(source: string | undefined): Promise<Applied> {
    const connector = context.running();
    const files = readHomeFiles(connector.config().home);
    const settings = { ...files.settings };
    delete settings.PROFILE_MAPPER;
    delete settings.PROFILE_MAPPER_FILE;
    return connector.replace({ ...files, settings, mapper: source });
  }

  return new Hono<ConsoleEnv>()
    .get('/mapper', (c) => page(c, { source: current().source, user: (c.req.query('user') ?? '').trim() }))
    .post('/mapper/preview', async (c) => {
      const form = c.get('form');
      const user = await userOf(formText(form, 'user')).catch(() => undefined);
      return c.html(printableLines(String(await outcomePart(await map(formText(form, 'source'), user, PREVIEW_TIMEOUT_MS)))));
    })
    .post('/mapper', async (c) => {
      const form = c.get('form');
      const [source, user] = [formText(form, 'source').replaceAll('\r\n', '\n'), formText(form, 'user')];
      if (formText(form, 'do') !== 'save') return page(c, { source, user });
      if (source.trim() === '')
        return page(c, { source, user, problem: 'The source is empty. To go back to the default mapper, use "Use the default mapper".' });
      const outcome = await map(
        source,
        await userOf(user).catch(() => undefined),
        context.running().config().values.PROFILE_MAPPING_TIMEOUT_MS,
      );
      if (outcome !== undefined && 'problem' in outcome) return page(c, { source, user, problem: `Not saved: ${outcome.problem}` });
      const message = await applied(context, () => save(source), 'Mapper saved and in use.');
      if (message.tone === 'bad') return page(c, { source, user, problem: message.text });
      return context.redirect(c, `/mapper?user=${encodeURIComponent(user)}`, message);
    })
    .get('/mapper/default', (c) => {
      const lines = current().source.split('\n').length;
      const main = confirmation(context.tokenOf(c), {
        heading: 'Use the default mapper?',
        text: html`<p>The mapper in use (${lines} ${lines === 1 ? 'line' : 'lines'}) is removed, and profiles change at the next sign-in. “Undo the last change” in the settings brings it back until the next change.</p>`,
        action: '/mapper/default',
        button: 'Use the default mapper',
        back: '/mapper',
      });
      return context.show(c, { title: 'Use the default mapper', current: '/mapper', main });
    })
    .post('/mapper/default', async (c) =>
      context.redirect(c, '/mapper', await applied(context, () => save(undefined), 'The default mapper is in use.')),
    );
}

function outcomePart(outcome: Outcome): Html {
  return html`<div id="outcome" class="watched">${
    outcome === undefined
      ? html`<section><h2>Profile</h2><p class="quiet">The source loads. Choose a user to see the resulting profile.</p></section>`
      : 'problem' in outcome
        ? html`<section class="notice bad" role="alert"><h2>The mapper failed</h2><p>${outcome.problem}</p></section>`
        : html`<div class="columns two"><section><h2>Profile</h2>${jsonPart('Profile', outcome.profile)}</section>
<section><h2>Default profile</h2>${jsonPart('Default profile', outcome.defaultProfile)}</section>
<section><h2>Claims at Landbridge’s hub</h2>${droppedPart(outcome.claims.dropped)}${jsonPart('Claims', outcome.claims.claims)}</section></div>`
  }</div>`;
}

function droppedPart(dropped: readonly string[]): Html | '' {
  if (dropped.length === 0) return '';
  return html`<p>Values that did not become claims:</p><ul>${dropped.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
}
