/** The trace of a sign-in as a chart: a bar for each step, in order, with its time. */

import type { Step } from '@landbridge/protocol';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';

interface Drawn extends Step {
  startMs: number;
  /** Part of the step above it. */
  inside: boolean;
}

/** The connector's own steps come before the step that waited for it. */
const CONNECTOR = 'connector: ';

const NAMES: Record<string, string> = {
  guard: 'Guard',
  signature: 'Signature',
  answer: 'Connector',
  cache: 'Credential cache',
};

export function traceChart(steps: readonly Step[]): Html {
  const drawn = layOut(steps);
  const totalMs = Math.max(0.1, ...drawn.map(({ startMs, ms }) => startMs + ms));
  const share = (ms: number) => `${Math.round((ms / totalMs) * 1000) / 10}%`;
  return html`<div class="table"><table class="trace">
<thead><tr><th scope="col">Step</th><th scope="col">Time</th><th scope="col" class="bar">${totalMs.toFixed(1)} ms total</th><th scope="col">Outcome</th></tr></thead>
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

/** A connector does not say when its own steps began: they are centred in the time spent waiting for it. */
function layOut(steps: readonly Step[]): Drawn[] {
  const drawn: Drawn[] = [];
  let atMs = 0;
  let ofConnector: Step[] = [];
  const place = (step: Step, startMs: number, inside: boolean) => drawn.push({ ...step, startMs, inside });
  for (const step of steps) {
    if (step.name.startsWith(CONNECTOR)) {
      ofConnector.push(step);
      continue;
    }
    place(step, atMs, false);
    const ofConnectorMs = ofConnector.reduce((sum, { ms }) => sum + ms, 0);
    let insideMs = atMs + Math.max(0, step.ms - ofConnectorMs) / 2;
    for (const part of ofConnector) {
      place({ ...part, name: part.name.slice(CONNECTOR.length) }, insideMs, true);
      insideMs += part.ms;
    }
    ofConnector = [];
    atMs += step.ms;
  }
  for (const part of ofConnector) place(part, atMs, false);
  return drawn;
}
