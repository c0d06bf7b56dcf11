/** The charts of recent sign-ins, of the hub and of one connection. */
import { barChart, type Html, lineChart, milliseconds } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import type { ActivityPeriod } from './activity.ts';
import type { ActivityHistory } from './history.ts';

interface ChartRange {
  hours: number;
  label: string;
  /** Of one bar. */
  minutes: number;
}

const WEEK = { hours: 7 * 24, label: '7 d', minutes: 6 * 60 };
const MONTH = { hours: 30 * 24, label: '30 d', minutes: 24 * 60 };
/** Of all connections together. */
const HUB_RANGES: readonly ChartRange[] = [
  { hours: 1, label: '1 h', minutes: 1 },
  { hours: 6, label: '6 h', minutes: 5 },
  { hours: 24, label: '24 h', minutes: 20 },
  WEEK,
  MONTH,
];
const CONNECTION_RANGES: readonly ChartRange[] = [
  { hours: 1, label: '1 h', minutes: 1 },
  { hours: 24, label: '24 h', minutes: 60 },
  WEEK,
  MONTH,
];

const EACH = new Map([
  [1, 'per minute'],
  [60, 'per hour'],
  [6 * 60, 'per 6 hours'],
  [24 * 60, 'per day'],
]);

/** Recent sign-ins, with a choice of the time range. @param path within the dashboard @param asked from the address: hours */
export async function activitySection(
  history: ActivityHistory,
  { path, asked, connection }: { path: string; asked: string | undefined; connection?: string },
): Promise<Html> {
  const ranges = connection === undefined ? HUB_RANGES : CONNECTION_RANGES;
  const range = ranges.find(({ hours }) => hours === Number(asked)) ?? ranges[1] ?? WEEK;
  return html`<section aria-labelledby="recent"><div class="title"><h2 id="recent">Recent sign-ins</h2>
<nav aria-label="Time range"><ul class="range">${ranges.map(
    ({ hours, label }) =>
      html`<li><a href="${DASHBOARD_PATH}${path}?hours=${hours}"${hours === range.hours ? html` aria-current="true"` : ''}>${label}</a></li>`,
  )}</ul></nav></div>
<div id="charts" data-live class="charts">${signInCharts(await history.periods(range.hours, range.minutes, connection), range)}</div></section>`;
}

function signInCharts(activity: readonly ActivityPeriod[], range: ChartRange): Html[] {
  const periods = activity.map(({ from, amounts }) => ({ from, values: amounts }));
  const each = EACH.get(range.minutes) ?? `per ${range.minutes} minutes`;
  const sum = (name: 'ok' | 'refused' | 'failed') => periods.reduce((total, { values }) => total + values[name], 0);
  const newest = periods.findLast(({ values }) => values.p95Ms !== undefined)?.values;
  return [
    barChart({
      title: `Sign-ins ${each}`,
      summary: `${sum('ok')} in ${range.label}`,
      periods,
      series: [{ name: 'ok', label: 'ok' }],
    }),
    barChart({
      title: `Failures ${each}`,
      summary: `${sum('failed')} failed, ${sum('refused')} refused in ${range.label}`,
      periods,
      series: [
        { name: 'failed', label: 'failed' },
        { name: 'refused', label: 'refused' },
      ],
    }),
    lineChart({
      title: 'Sign-in time',
      summary:
        newest === undefined ? 'no data yet' : `latest median ${milliseconds(newest.p50Ms)}, 95th percentile ${milliseconds(newest.p95Ms)}`,
      periods,
      series: [
        { name: 'p95Ms', label: '95th percentile' },
        { name: 'p50Ms', label: 'median' },
      ],
      format: milliseconds,
    }),
  ];
}
