/** Charts over time as SVG, without a script. Their texts are HTML beside them, for screen readers. */
import { html } from 'hono/html';
import type { Html } from './page.ts';

interface ChartPeriod<Name extends string> {
  from: Date;
  values: Readonly<Record<Name, number | undefined>>;
}

interface ChartOptions<Name extends string> {
  title: string;
  summary: string;
  /** The oldest first, all of the same length. */
  periods: readonly ChartPeriod<Name>[];
  /** Names are CSS classes, too. */
  series: readonly { name: Name; label: string }[];
  /** Of the topmost value. */
  format?: (value: number) => string;
}

/** In units of the drawing, which stretches to the available width. */
const WIDTH = 360;
const HEIGHT = 96;
const DAY_MS = 86_400_000;
const [BAR_SHARE, LINE_SHARE] = [0.8, 0.6];

/** Stacks the series. */
export function barChart<Name extends string>(options: ChartOptions<Name>): Html {
  const { periods, series } = options;
  const top = roundTop(Math.max(...periods.map(({ values }) => series.reduce((sum, { name }) => sum + (values[name] ?? 0), 0))));
  const width = WIDTH / periods.length;
  const bars = periods.flatMap(({ values }, index) => {
    let below = 0;
    return series.flatMap(({ name }) => {
      const height = ((values[name] ?? 0) / top) * HEIGHT;
      if (height === 0) return [];
      below += height;
      return [
        html`<rect class="${name}" x="${round(index * width)}" y="${round(HEIGHT - below)}" width="${round(width * BAR_SHARE)}" height="${round(height)}"/>`,
      ];
    });
  });
  return figure(options, top, bars);
}

export function lineChart<Name extends string>(options: ChartOptions<Name>): Html {
  const { periods, series } = options;
  const top = roundTop(Math.max(...periods.flatMap(({ values }) => series.map(({ name }) => values[name] ?? 0))));
  const width = WIDTH / periods.length;
  const yOf = (value: number) => round(HEIGHT - (value / top) * HEIGHT);
  const lines = series.flatMap(({ name }) =>
    periods.flatMap(({ values }, index) => {
      const value = values[name];
      if (value === undefined) return [];
      const [before, x] = [periods[index - 1]?.values[name], (index + BAR_SHARE / 2) * width];
      const line = (x1: number, y1: number, x2: number) =>
        html`<line class="${name}" x1="${round(x1)}" y1="${yOf(y1)}" x2="${round(x2)}" y2="${yOf(value)}"/>`;
      const half = (width * LINE_SHARE) / 2;
      // A period without neighbours would draw no line at all.
      return [...(before === undefined ? [] : [line(x - width, before, x)]), line(x - half, value, x + half)];
    }),
  );
  return figure(options, top, lines);
}

function figure<Name extends string>(
  { title, summary, periods, series, format = String }: ChartOptions<Name>,
  top: number,
  drawn: readonly Html[],
): Html {
  const spanMs = (periods.at(-1)?.from.getTime() ?? 0) - (periods[0]?.from.getTime() ?? 0);
  const [kind, start, end] = spanMs > DAY_MS ? (['day', 5, 10] as const) : (['clock', 11, 16] as const);
  const clock = (at: Date | undefined) =>
    at === undefined ? '' : html`<time class="${kind}" datetime="${at.toISOString()}">${at.toISOString().slice(start, end)}</time>`;
  const grid = (y: number) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${y}" y2="${y}"/>`;
  const legend = series.map(({ name, label }) => html`<span class="legend ${name}">${label}</span>`);
  return html`<figure><figcaption><strong>${title}</strong> <span class="quiet">${summary}</span></figcaption>
<div class="plot"><span class="top" aria-hidden="true">${drawn.length === 0 ? '' : format(top)}</span>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">
${[0.5, HEIGHT / 2, HEIGHT - 0.5].map(grid)}
${drawn}</svg></div>
<p class="axis" aria-hidden="true"><span>${clock(periods[0]?.from)}</span><span>${clock(periods[Math.floor(periods.length / 2)]?.from)}</span><span>now</span></p>
${series.length === 1 ? '' : html`<p class="legends" aria-hidden="true">${legend}</p>`}</figure>`;
}

/** @returns the next of 1, 2, 5, 10, 20, 50, … */
function roundTop(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
