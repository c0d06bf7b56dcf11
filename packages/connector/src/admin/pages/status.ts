/** The first page: problems with what to do about them, hub, directory servers, recent sign-ins, certificates. */
import { barChart, dot, type Html, milliseconds, table, time } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { loadCertificate, thumbprint } from '../../setup/certificate.ts';
import type { Minute } from '../activity.ts';
import { type Headline, headline } from '../headline.ts';
import type { ConsoleContext, ConsoleEnv } from '../page-context.ts';
import { type ConsoleProblem, problemsNow, type StatusFacts, statusFacts } from '../problems.ts';

const SHOWN_SIGN_INS = 10;

export function statusRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/', async (c) => {
    if (context.connector() === undefined) return context.redirect(c, '/setup');
    const facts = await statusFacts(context);
    const problems = problemsNow(facts);
    const first = headline(facts);
    // Every moment while it connects, then every few seconds.
    const live = first.tone === 'busy' ? html` data-live data-watch` : html` data-live`;
    const main = html`<h1>Status</h1>
<div id="problems"${live}>${headlinePart(first, problems, facts)}</div>
<div id="numbers"${live} class="tiles">${tiles(context, facts)}</div>
<section aria-labelledby="servers"><h2 id="servers">Directory servers</h2><div id="server-list" data-live>${serverTable(facts)}</div></section>
<section aria-labelledby="sign-ins"><h2 id="sign-ins">Sign-ins</h2>
<div id="charts" data-live class="charts">${charts(context)}</div>
<div id="last" data-live>${lastSignIns(context)}</div></section>
<section aria-labelledby="certificates"><h2 id="certificates">Certificates</h2>${certificateTable(facts)}</section>`;
    return context.show(c, {
      title: 'Status',
      current: '/',
      help: 'console#the-pages',
      main,
      refreshSeconds: first.tone === 'busy' ? 2 : 30,
    });
  });
}

function headlinePart({ tone, text }: Headline, problems: readonly ConsoleProblem[], { hub }: StatusFacts): Html {
  const isRevoked = hub.state === 'rejected' && hub.isRevoked;
  const list = html`<ul class="problems">${problems.map(({ text: problem, action }) => html`<li>${problem}${action === undefined ? '' : html` <span class="quiet">${action}</span>`}</li>`)}</ul>`;
  const also =
    problems.length === 0 ? '' : problems.length === 1 ? 'One thing needs attention:' : `${problems.length} things need attention:`;
  return html`<section class="notice headline ${tone === 'busy' ? '' : tone}"><p class="lead">${text}</p>
${problems.length === 0 ? '' : html`${tone === 'bad' ? '' : html`<p>${also}</p>`}${list}`}
${isRevoked ? html`<p><a class="button" href="/new-certificate">Replace the certificate</a></p>` : ''}
${tone === 'bad' ? html`<p><a href="/troubleshooting">Troubleshooting</a> checks every step from the hub to the directory.</p>` : ''}</section>`;
}

function tiles(context: ConsoleContext, { hub, directory, clock, config }: StatusFacts): Html[] {
  const tile = (label: string, value: Html | string, note: string) =>
    html`<div class="tile"><p class="label">${label}</p><p class="value">${value}</p><p class="note">${note}</p></div>`;
  const hour = sumOf(context.activity.minutes());
  return [
    tile(
      'Hub',
      dot(
        hub.state === 'connected' ? 'on' : hub.state === 'connecting' ? 'idle' : 'off',
        hub.state === 'connected' ? 'Online' : hub.state === 'connecting' ? 'Connecting' : 'Offline',
      ),
      hub.state === 'connected' ? `${hub.hub}` : (config.values.CONNECTION ?? ''),
    ),
    tile(
      'Directory',
      dot(
        directory.connected ? 'on' : directory.connecting ? 'idle' : 'off',
        directory.connected ? 'Online' : directory.connecting ? 'Connecting' : 'Offline',
      ),
      `${directory.product ?? 'unknown product'}${directory.encrypted ? '' : ', unencrypted'}`,
    ),
    tile('Sign-ins in the last hour', String(hour.ok), `${hour.failed} failed, ${hour.refused} refused`),
    tile(
      'Clock',
      clock === undefined ? 'unknown' : `${(Math.abs(clock.skewMs) / 1000).toFixed(1)} s`,
      clock === undefined ? 'the hub does not report its own' : 'difference from the hub',
    ),
    tile('Group cache', `${config.values.GROUPS_CACHE_SECONDS} s`, config.values.GROUPS ? 'maximum age of a group' : 'GROUPS is off'),
    tile('Version', context.version, `Node.js ${process.versions.node}`),
  ];
}

function charts({ activity }: ConsoleContext): Html[] {
  const periods = activity.minutes().map(({ from, ...values }) => ({ from, values }));
  const { ok, failed, refused } = sumOf(activity.minutes());
  return [
    barChart({ title: 'Sign-ins per minute', summary: `${ok} in 1 h`, periods, series: [{ name: 'ok', label: 'ok' }] }),
    barChart({
      title: 'Failures per minute',
      summary: `${failed} failed, ${refused} refused in 1 h`,
      periods,
      series: [
        { name: 'failed', label: 'failed' },
        { name: 'refused', label: 'refused' },
      ],
    }),
  ];
}

function sumOf(minutes: readonly Minute[]): Omit<Minute, 'from'> {
  return minutes.reduce(
    (sum, { ok, refused, failed }) => ({ ok: sum.ok + ok, refused: sum.refused + refused, failed: sum.failed + failed }),
    { ok: 0, refused: 0, failed: 0 },
  );
}

function serverTable({ directory }: StatusFacts): Html {
  const rows = directory.servers.map(({ url, state, inUse, product, recognition, since, error }) => [
    url,
    html`${dot(state === 'healthy' ? 'on' : inUse ? 'idle' : 'off', state)}${inUse ? html` <span class="sub">in use</span>` : ''}`,
    html`${product ?? '–'}${recognition === undefined ? '' : html`<p class="sub">${recognition}</p>`}`,
    time(since),
    error === undefined ? '–' : error.message,
  ]);
  return table(
    'Directory servers',
    ['Server', 'State', 'Product', 'Since', 'Error'],
    rows,
    'No servers yet: DNS lists none, or was not queried yet.',
  );
}

function lastSignIns({ activity }: ConsoleContext): Html {
  const rows = activity
    .last()
    .slice(0, SHOWN_SIGN_INS)
    .map(({ at, user, result, ms, correlationId }) => [
      user,
      result === 'ok' ? dot('on', 'Signed in') : dot('off', result),
      time(at, '', true),
      milliseconds(ms),
      html`<a href="/logs?correlationId=${encodeURIComponent(correlationId)}">Log<span class="hidden"> of ${user}</span></a>`,
    ]);

  return table('Recent sign-ins', ['User name', 'Result', 'Time (UTC)', 'Duration', ''], rows, 'No sign-ins since the start.');
}

function certificateTable({ config, certificates }: StatusFacts): Html {
  const own = loadCertificate(config)?.certificate;
  const rows = certificates.map(({ what, subject, from, to }) => [what, subject, time(from), time(to)]);
  return html`${table('Certificates', ['Certificate', 'Subject', 'Valid from', 'Expires'], rows, 'No certificates yet.')}
${own === undefined ? '' : html`<p class="hint">The hub identifies this connector by <code>${thumbprint(own)}</code>.</p>`}`;
}
