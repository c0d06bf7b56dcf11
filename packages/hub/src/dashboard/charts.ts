/** The charts of recent sign-ins on the overview. */
import { barChart, type Html, lineChart, milliseconds } from '@landbridge/web';
import type { SignInActivity } from './activity.ts';

export const RANGES = [
  { hours: 1, label: '1 h', minutes: 1 },
  { hours: 6, label: '6 h', minutes: 5 },
  { hours: 24, label: '24 h', minutes: 20 },
] as const;

export function signInCharts(activity: SignInActivity, hours: number): Html[] {
  const range = RANGES.find((candidate) => candidate.hours === hours) ?? RANGES[1];
  const periods = activity
    .periods((range.hours * 60) / range.minutes, range.minutes)
    .map(({ from, amounts }) => ({ from, values: amounts }));
  const each = range.minutes === 1 ? 'per minute' : `per ${range.minutes} minutes`;
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
