/** A small chart of the last hour's sign-ins, as SVG without a script; its text is HTML beside it, which a reader of the screen hears. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { Minute } from './activity.ts';

/** In units of the drawing, which is stretched to the width there is. */
const WIDTH = 360;
const HEIGHT = 96;

export function signInChart(title: string, minutes: readonly Minute[], series: readonly ('ok' | 'refused' | 'failed')[]): Html {
  const top = Math.max(1, ...minutes.map((minute) => series.reduce((sum, name) => sum + minute[name], 0)));
  const width = WIDTH / minutes.length;
  const bars = minutes.flatMap((minute, index) => {
    let below = 0;
    return series.flatMap((name) => {
      const height = (minute[name] / top) * HEIGHT;
      if (height === 0) return [];
      below += height;
      return [
        html`<rect class="${name}" x="${(index * width).toFixed(2)}" y="${(HEIGHT - below).toFixed(2)}" width="${(width * 0.8).toFixed(2)}" height="${height.toFixed(2)}"/>`,
      ];
    });
  });
  const counts = series.map((name) => `${minutes.reduce((sum, minute) => sum + minute[name], 0)}${series.length > 1 ? ` ${name}` : ''}`);
  return html`<figure><figcaption><strong>${title}</strong> <span class="quiet">${counts.join(', ')} in an hour</span></figcaption>
<div class="plot"><span class="top" aria-hidden="true">${bars.length === 0 ? '' : top}</span>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">
<line class="grid" x1="0" x2="${WIDTH}" y1="0.5" y2="0.5"/><line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT - 0.5}" y2="${HEIGHT - 0.5}"/>${bars}</svg></div>
<p class="axis" aria-hidden="true"><span>${minutes[0]?.from.toISOString().slice(11, 16) ?? ''}</span><span>now</span></p></figure>`;
}
