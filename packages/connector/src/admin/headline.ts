/** The sentence at the top of the status page: whether users can sign in, and if not, why. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { StatusFacts } from './problems.ts';

export interface Headline {
  /** `busy`: it is not known yet. */
  tone: 'good' | 'bad' | 'busy';
  text: Html | string;
}

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

export function headline({ hub, directory }: Pick<StatusFacts, 'hub' | 'directory'>, now = Date.now()): Headline {
  const isDown = !directory.connected && !directory.connecting;
  if (hub.state === 'rejected' && hub.isRevoked)
    return { tone: 'bad', text: 'Users cannot sign in: the hub revoked the key of this connector.' };
  if (hub.state === 'rejected') return { tone: 'bad', text: 'Users cannot sign in: the hub does not accept this connector.' };
  if (hub.state === 'waiting' || hub.state === 'stopped') {
    const also = isDown ? ', and neither can the directory' : '';
    return { tone: 'bad', text: `Users cannot sign in: the hub cannot be reached${also}.` };
  }
  if (isDown) return { tone: 'bad', text: 'Users cannot sign in: no directory server answers.' };
  if (hub.state === 'connecting') return { tone: 'busy', text: 'Connecting to the hub. This usually takes a few seconds.' };
  if (!directory.connected) return { tone: 'busy', text: 'Connecting to the directory. This usually takes a few seconds.' };
  return {
    tone: 'good',
    text: html`Users can sign in. Connected to ${hub.hub} since ${since(new Date(hub.sinceMs), now)}, ${servers(directory.servers)}.`,
  };
}

/** `two directory servers answer`, `one of two directory servers answers` */
function servers(all: StatusFacts['directory']['servers']): string {
  const answering = all.filter(({ state }) => state === 'healthy' || state === 'standby').length;
  const untried = all.filter(({ state }) => state === 'untried').length;
  const verb = answering === 1 ? 'answers' : 'answer';
  if (answering === all.length) return `${words(answering)} directory server${answering === 1 ? '' : 's'} ${verb}`;
  return `${words(answering)} of ${words(all.length)} directory servers ${verb}${untried === 0 ? '' : ' (the others are in reserve)'}`;
}

function words(count: number): string {
  return WORDS[count] ?? String(count);
}

/** The time, with its date unless it is today. In UTC, until a script shows local times. */
function since(at: Date, now: number): Html {
  const iso = at.toISOString();
  const [day, clock] = [iso.slice(0, 10), iso.slice(11, 16)];
  const isToday = new Date(now).toISOString().startsWith(day);
  const time = isToday ? html`<time class="clock" datetime="${iso}">${clock}</time>` : html`<time datetime="${iso}">${day} ${clock}</time>`;
  return html`${time} <span data-zone>UTC</span>`;
}
