/** The hub's version, and comparing versions. */
import packageJson from '../package.json' with { type: 'json' };

export const HUB_VERSION: string = packageJson.version;

/** @returns whether `version` is lower than `than`; false if either is not a version (Semantic Versioning 2.0.0). Suffixes are ignored. */
export function isOlder(version: string, than: string): boolean {
  const [mine, other] = [numbersOf(version), numbersOf(than)];
  if (mine === undefined || other === undefined) return false;
  const at = mine.findIndex((number, index) => number !== other[index]);
  return at !== -1 && (mine[at] ?? 0) < (other[at] ?? 0);
}

function numbersOf(version: string): number[] | undefined {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(version);
  return match?.slice(1).map(Number);
}
