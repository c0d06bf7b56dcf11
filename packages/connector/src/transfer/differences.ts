/** What an import would change, for the person who has to say yes; no secret is in it. */
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FileContent } from '../config/config-file.ts';
import type { HomeFiles } from '../config/home-files.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import { thumbprint } from '../setup/certificate.ts';

export interface SettingChange {
  name: string;
  change: 'added' | 'changed' | 'removed';
  /** As they stand in the files; left out where there is none. Where `hidden` is set there is neither. */
  before?: unknown;
  after?: unknown;
  /** Its value is not shown: it is a secret, or no setting, which may be a mistyped name of one. */
  hidden?: 'secret' | 'not a setting';
}

export interface CertificateChange {
  /** `kept`: the file brings none, and the present one stays; `none`: nowhere is one, so it is made at the next start. */
  change: 'same' | 'other' | 'new' | 'kept' | 'none';
  /** SHA-1, by which hubs name it. */
  thumbprintBefore?: string;
  thumbprintAfter?: string;
}

export interface MapperChange {
  /** `none`: there is no custom mapper, before and after. */
  change: 'same' | 'other' | 'new' | 'removed' | 'none';
  /** Of the new one. */
  firstLines: string[];
}

const SHOWN_LINES = 10;
const SHOWN_COLUMNS = 160;

/** @returns by name; names of a realm (its reply addresses) are shown like settings */
export function settingChanges(before: FileContent, after: FileContent): SettingChange[] {
  const realms = new Set([before.REALM, after.REALM]);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): SettingChange[] => {
    const [old, next] = [before[name], after[name]];
    if (isDeepStrictEqual(old, next)) return [];
    const change = old === undefined ? 'added' : next === undefined ? 'removed' : 'changed';
    const hidden = hiddenBecause(name, realms);
    if (hidden !== undefined) return [{ name, change, hidden }];
    return [{ name, change, ...(old !== undefined && { before: shown(old) }), ...(next !== undefined && { after: shown(next) }) }];
  });
}

export function certificateChange(before: HomeFiles['certificate'], after: HomeFiles['certificate'], brought: boolean): CertificateChange {
  const [thumbprintBefore, thumbprintAfter] = [thumbprintOf(before), thumbprintOf(after)];
  const thumbprints = { ...(thumbprintBefore && { thumbprintBefore }), ...(thumbprintAfter && { thumbprintAfter }) };
  if (!brought) return { change: before === undefined ? 'none' : 'kept', ...thumbprints };
  if (before === undefined) return { change: 'new', ...thumbprints };
  return { change: thumbprintBefore === thumbprintAfter ? 'same' : 'other', ...thumbprints };
}

export function mapperChange(before: string | undefined, after: string | undefined): MapperChange {
  if (after === undefined) return { change: before === undefined ? 'none' : 'removed', firstLines: [] };
  const firstLines = after.split(/\r?\n/, SHOWN_LINES).map((line) => line.slice(0, SHOWN_COLUMNS));
  if (before === undefined) return { change: 'new', firstLines };
  return { change: before === after ? 'same' : 'other', firstLines };
}

/** People put passwords into URLs, also where none belongs. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\/\/[^/\s"]*@/g, '//[secret]@');
  return Array.isArray(value) ? value.map(shown) : value;
}

function hiddenBecause(name: string, realms: ReadonlySet<unknown>): SettingChange['hidden'] {
  if (!isSettingName(name)) return realms.has(name) ? undefined : 'not a setting';
  return 'secret' in SETTINGS[name] ? 'secret' : undefined;
}

function thumbprintOf(certificate: HomeFiles['certificate']): string | undefined {
  try {
    return certificate && thumbprint(new X509Certificate(certificate.certificatePem));
  } catch {
    // That it cannot be read is a problem of its own.
    return undefined;
  }
}
