/** The accent colours of users' pages, and the contrast that an operator's own colours need (WCAG 2.2, 1.4.3). */

/** What accents are next to: links are on the ground and on surfaces, and the text of a button is on the accent. */
export const ACCENT_NEIGHBOURS = {
  light: { ground: '#f4f5f7', surface: '#ffffff', onAccent: '#ffffff' },
  dark: { ground: '#14171c', surface: '#1d2129', onAccent: '#0d1726' },
} as const;

export const DEFAULT_ACCENTS = { light: '#0b5cad', dark: '#6db3f8' } as const;

/** Level AA for text. */
const MIN_CONTRAST = 4.5;
const HEX_COLOUR = /^#[0-9a-f]{6}$/;

/** @returns why users could not read text in or on this colour; undefined if they can */
export function accentProblem(theme: 'light' | 'dark', colour: string): string | undefined {
  if (!HEX_COLOUR.test(colour)) return 'must be a colour such as #0b5cad';
  const [lowest] = Object.values(ACCENT_NEIGHBOURS[theme])
    .map((neighbour) => ({ neighbour, ratio: contrast(colour, neighbour) }))
    .sort((a, b) => a.ratio - b.ratio);
  if (lowest === undefined || lowest.ratio >= MIN_CONTRAST) return undefined;
  // Rounded down: 4.499 is not 4.5.
  const measured = (Math.floor(lowest.ratio * 100) / 100).toFixed(2);
  return `has a contrast of ${measured}:1 with ${lowest.neighbour}, and needs at least ${MIN_CONTRAST}:1: choose a ${theme === 'light' ? 'darker' : 'lighter'} colour`;
}

/** @returns CSS for a page's frame; values that are invalid or hard to read are ignored */
export function accentStyle({ light, dark }: { light?: string | undefined; dark?: string | undefined }): string | undefined {
  const usable = (theme: 'light' | 'dark', colour: string | undefined) =>
    colour !== undefined && accentProblem(theme, colour) === undefined ? colour : undefined;
  const own = { light: usable('light', light), dark: usable('dark', dark) };
  if (own.light === undefined && own.dark === undefined) return undefined;
  // The usual hover makes buttons brighter, which takes contrast away.
  return `:root { --accent: light-dark(${own.light ?? DEFAULT_ACCENTS.light}, ${own.dark ?? DEFAULT_ACCENTS.dark}); }
button:hover { filter: none; text-decoration: underline; }
`;
}

/** @returns the contrast ratio of two colours in sRGB, from 1 to 21 */
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
