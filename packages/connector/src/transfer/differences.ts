/** What an import would change, for the administrator to confirm. Contains no secrets. */
import { isDeepStrictEqual } from 'node:util';
import type { FileContent } from '../config/config-file.ts';
import type { HomeFiles } from '../config/home-files.ts';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import { parseCertificate } from '../network/trust.ts';
import { thumbprint } from '../setup/certificate.ts';

export interface SettingChange {
  name: string;
  change: 'added' | 'changed' | 'removed';
  /** The values in the files, if there are any. Both are missing if `hidden` is set. */
  before?: unknown;
  after?: unknown;
  /** Why the value is not shown. An unknown name may be that of a mistyped secret. */
  hidden?: 'secret' | 'not a setting';
}

export interface CertificateChange {
  /** `kept`: the import has none, and the current one stays. `none`: neither has one, so the next start makes it. */
  change: 'same' | 'other' | 'new' | 'kept' | 'none';
  /** SHA-1, as hubs display it. */
  thumbprintBefore?: string;
  thumbprintAfter?: string;
}

export interface MapperChange {
  /** `none`: no custom mapper before or after. */
  change: 'same' | 'other' | 'new' | 'removed' | 'none';
  /** Of the new mapper. */
  firstLines: string[];
}

const SHOWN_LINES = 10;
const SHOWN_COLUMNS = 160;

/** @returns the changes sorted by name; the realm's key, with its reply addresses, is shown like a setting */
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

/** Any URL may contain a password. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\/\/[^/\s"]*@/g, '//[secret]@');
  return Array.isArray(value) ? value.map(shown) : value;
}

function hiddenBecause(name: string, realms: ReadonlySet<unknown>): SettingChange['hidden'] {
  if (!isSettingName(name)) return realms.has(name) ? undefined : 'not a setting';
  return 'secret' in SETTINGS[name] ? 'secret' : undefined;
}

function thumbprintOf(certificate: HomeFiles['certificate']): string | undefined {
  // An unreadable one is reported as a problem elsewhere.
  const readable = certificate && parseCertificate(certificate.certificatePem);
  return readable && thumbprint(readable);
}
