/** Small charts of what happened lately, as SVG without a script; their texts are HTML beside them, which a reader of the screen hears. */
import { type Html, milliseconds } from '@landbridge/web';
import { html } from 'hono/html';
import type { Amounts, SignInActivity } from './activity.ts';

export const RANGES = [
  { hours: 1, label: '1 h', minutes: 1 },
  { hours: 6, label: '6 h', minutes: 5 },
  { hours: 24, label: '24 h', minutes: 20 },
] as const;

/** In units of the drawing, which is stretched to the width there is. */
const WIDTH = 360;
const HEIGHT = 96;

interface Stretch {
  from: Date;
  amounts: Amounts;
}

export function charts(activity: SignInActivity, hours: number): Html[] {
  const range = RANGES.find((candidate) => candidate.hours === hours) ?? RANGES[1];
  const stretches = activity.stretches((range.hours * 60) / range.minutes, range.minutes);
  const each = range.minutes === 1 ? 'a minute' : `in ${range.minutes} minutes`;
  const sum = (of: (amounts: Amounts) => number) => stretches.reduce((total, { amounts }) => total + of(amounts), 0);
  const count = { ok: sum(({ ok }) => ok), refused: sum(({ refused }) => refused), failed: sum(({ failed }) => failed) };
  return [
    bars(`Sign-ins ${each}`, `${count.ok} in ${range.label}`, stretches, [{ name: 'ok', of: ({ ok }) => ok }]),
    bars(`Failures ${each}`, `${count.failed} failed, ${count.refused} refused in ${range.label}`, stretches, [
      { name: 'failed', of: ({ failed }) => failed },
      { name: 'refused', of: ({ refused }) => refused },
    ]),
    lines('Time of a sign-in', stretches),
  ];
}

function bars(title: string, summary: string, stretches: Stretch[], series: { name: string; of: (amounts: Amounts) => number }[]): Html {
  const totals = stretches.map(({ amounts }) => series.reduce((sum, { of }) => sum + of(amounts), 0));
  const top = niceTop(Math.max(...totals));
  const width = WIDTH / stretches.length;
  const drawn = stretches.flatMap(({ amounts }, index) => {
    let below = 0;
    return series.flatMap(({ name, of }) => {
      const value = of(amounts);
      if (value === 0) return [];
      const height = (value / top) * HEIGHT;
      const y = HEIGHT - below - height;
      below += height;
      return [
        html`<rect class="${name}" x="${round(index * width)}" y="${round(y)}" width="${round(width * 0.8)}" height="${round(height)}"/>`,
      ];
    });
  });
  const legend = series.length === 1 ? [] : series.map(({ name }) => html`<span class="legend ${name}">${name}</span>`);
  return figure({ title, summary, top: String(top), stretches, drawn, legend, isEmpty: drawn.length === 0 });
}

function lines(title: string, stretches: Stretch[]): Html {
  const top = niceTop(Math.max(...stretches.map(({ amounts }) => amounts.p95Ms ?? 0)));
  const width = WIDTH / stretches.length;
  const drawn = (['p95Ms', 'p50Ms'] as const).flatMap((name) =>
    stretches.flatMap(({ amounts }, index) => {
      const ms = amounts[name];
      if (ms === undefined) return [];
      const y = round(HEIGHT - (ms / top) * HEIGHT);
      const before = stretches[index - 1]?.amounts[name];
      const x = (index + 0.4) * width;
      const toHere =
        before === undefined
          ? ''
          : html`<line class="${name}" x1="${round(x - width)}" y1="${round(HEIGHT - (before / top) * HEIGHT)}" x2="${round(x)}" y2="${y}"/>`;
      // A stretch without neighbours would be no line at all.
      return [html`${toHere}<line class="${name}" x1="${round(x - width * 0.3)}" y1="${y}" x2="${round(x + width * 0.3)}" y2="${y}"/>`];
    }),
  );
  const newest = stretches.findLast(({ amounts }) => amounts.p95Ms !== undefined)?.amounts;
  const summary =
    newest === undefined ? 'nothing yet' : `lately ${milliseconds(newest.p50Ms)} for half, ${milliseconds(newest.p95Ms)} for 95 of 100`;
  const legend = [html`<span class="legend p50Ms">half of them</span>`, html`<span class="legend p95Ms">95 of 100</span>`];
  return figure({ title, summary, top: milliseconds(top), stretches, drawn, legend, isEmpty: drawn.length === 0 });
}

function figure({
  title,
  summary,
  top,
  stretches,
  drawn,
  legend,
  isEmpty,
}: {
  title: string;
  summary: string;
  top: string;
  stretches: Stretch[];
  drawn: Html[];
  legend: Html[];
  isEmpty: boolean;
}): Html {
  const clock = (at: Date | undefined) => at?.toISOString().slice(11, 16) ?? '';
  const middle = HEIGHT / 2;
  return html`<figure><figcaption><strong>${title}</strong> <span class="quiet">${summary}</span></figcaption>
<div class="plot"><span class="top" aria-hidden="true">${isEmpty ? '' : top}</span>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">
<line class="grid" x1="0" x2="${WIDTH}" y1="0.5" y2="0.5"/><line class="grid" x1="0" x2="${WIDTH}" y1="${middle}" y2="${middle}"/><line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT - 0.5}" y2="${HEIGHT - 0.5}"/>
${drawn}</svg></div>
<p class="axis" aria-hidden="true"><span>${clock(stretches[0]?.from)}</span><span>${clock(stretches[Math.floor(stretches.length / 2)]?.from)}</span><span>now</span></p>
${legend.length === 0 ? '' : html`<p class="legends" aria-hidden="true">${legend}</p>`}</figure>`;
}

/** @returns the next of 1, 2, 5, 10, 20, 50, … */
function niceTop(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
