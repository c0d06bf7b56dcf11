/** Searches sections of documents. Also runs in browsers for the static site, so it uses nothing of Node.js. */

export interface SearchableSection {
  page: string;
  title: string;
  anchor: string;
  heading: string;
  text: string;
}

export interface Match extends SearchableSection {
  /** The text around the first word found. */
  excerpt: string;
}

const MAX_QUERY_LENGTH = 100;
const MAX_WORDS = 8;
const MAX_MATCHES = 30;
const EXCERPT_LENGTH = 180;
const TITLE_WEIGHT = 6;
const HEADING_WEIGHT = 8;
/** A word often repeated says no more about a section than one repeated a few times. */
const MAX_COUNT = 4;
/** Why something is as it is, and what changed: rarely what a reader looks for. */
const BACKGROUND = /^(?:decisions\/|changelog$)/;
const BACKGROUND_WEIGHT = 0.4;

/** @returns sections with every word of the query, best first */
export function searchSections(sections: readonly SearchableSection[], query: string): Match[] {
  const words = query.slice(0, MAX_QUERY_LENGTH).toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  if (words.length === 0) return [];
  const found: { match: Match; score: number }[] = [];
  for (const section of sections) {
    const [title, heading, text] = [section.title.toLowerCase(), section.heading.toLowerCase(), section.text.toLowerCase()];
    let score = 0;
    for (const word of words) {
      const count = Math.min(occurrences(text, word), MAX_COUNT);
      const weight = count + (heading.includes(word) ? HEADING_WEIGHT : 0) + (title.includes(word) ? TITLE_WEIGHT : 0);
      if (weight === 0) {
        score = 0;
        break;
      }
      score += weight;
    }
    if (BACKGROUND.test(section.page)) score *= BACKGROUND_WEIGHT;
    if (score > 0) found.push({ match: { ...section, excerpt: excerptOf(section.text, text, words) }, score });
  }
  return found
    .sort((one, other) => other.score - one.score)
    .slice(0, MAX_MATCHES)
    .map(({ match }) => match);
}

function occurrences(text: string, word: string): number {
  let count = 0;
  for (let at = text.indexOf(word); at !== -1 && count < MAX_COUNT; at = text.indexOf(word, at + word.length)) count++;
  return count;
}

function excerptOf(text: string, lower: string, words: readonly string[]): string {
  const first = words.map((word) => lower.indexOf(word)).find((at) => at !== -1) ?? 0;
  const start = first < EXCERPT_LENGTH / 2 ? 0 : text.indexOf(' ', first - EXCERPT_LENGTH / 3) + 1;
  const end = start + EXCERPT_LENGTH >= text.length ? text.length : text.lastIndexOf(' ', start + EXCERPT_LENGTH);
  return `${start > 0 ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`;
}
