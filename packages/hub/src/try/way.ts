/** The way that a sign-in took, drawn: a bar for each step, one after the other, with its time. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { Step } from '../sign-in/sign-in.ts';

interface Drawn extends Step {
  startMs: number;
  /** It is part of the step above it. */
  inside: boolean;
}

/** What the connector tells of itself comes before the step in which it was waited for. */
const CONNECTOR = 'connector: ';

const NAMES: Record<string, string> = {
  guard: 'Guard',
  signature: 'Signature',
  answer: 'Connector',
  cache: 'Credential cache',
};

export function wayChart(steps: readonly Step[]): Html {
  const drawn = layOut(steps);
  const totalMs = Math.max(0.1, ...drawn.map(({ startMs, ms }) => startMs + ms));
  const share = (ms: number) => `${Math.round((ms / totalMs) * 1000) / 10}%`;
  return html`<div class="table"><table class="way">
<thead><tr><th scope="col">Step</th><th scope="col">Time</th><th scope="col" class="bar">${totalMs.toFixed(1)} ms in all</th><th scope="col">Outcome</th></tr></thead>
<tbody>
${drawn.map(
  ({
    name,
    ms,
    outcome,
    startMs,
    inside,
  }) => html`<tr class="${inside ? 'inside' : ''}"><th scope="row">${NAMES[name] ?? name}</th><td class="ms">${ms.toFixed(1)} ms</td>
<td class="bar"><svg width="100%" height="12" aria-hidden="true" focusable="false"><rect class="rail" width="100%" height="12" rx="3"/><rect x="${share(startMs)}" width="${share(ms)}" height="12" rx="3"/></svg></td><td>${outcome}</td></tr>`,
)}
</tbody></table></div>`;
}

/** When its own steps began the connector does not say: they stand in the middle of the time that was waited for it. */
function layOut(steps: readonly Step[]): Drawn[] {
  const drawn: Drawn[] = [];
  let atMs = 0;
  let told: Step[] = [];
  const place = (step: Step, startMs: number, inside: boolean) => drawn.push({ ...step, startMs, inside });
  for (const step of steps) {
    if (step.name.startsWith(CONNECTOR)) {
      told.push(step);
      continue;
    }
    place(step, atMs, false);
    const toldMs = told.reduce((sum, { ms }) => sum + ms, 0);
    let insideMs = atMs + Math.max(0, step.ms - toldMs) / 2;
    for (const part of told) {
      place({ ...part, name: part.name.slice(CONNECTOR.length) }, insideMs, true);
      insideMs += part.ms;
    }
    told = [];
    atMs += step.ms;
  }
  for (const part of told) place(part, atMs, false);
  return drawn;
}
