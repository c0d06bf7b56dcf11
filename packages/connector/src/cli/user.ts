/** `user`: shows the entry, groups and profile of a user as the connector sees them. */
import { printable } from '@landbridge/runtime';
import type { FoundGroups } from '../users/groups/groups-of.ts';
import type { FoundGroup } from '../users/groups/walk.ts';
import { askDirectory } from './ask-directory.ts';
import type { CommandContext } from './context.ts';
import { block } from './terminal-text.ts';

/** Longer values, such as photos, are useless in a terminal. */
const LONGEST_SHOWN = 200;

/**
 * @returns the exit code: 1 if no user matches
 * @throws CodedError if the directory or the mapper fails
 */
export async function user(context: CommandContext, name: string): Promise<number> {
  return askDirectory(context, async ({ users }) => {
    const found = await users.inspect(name, { correlationId: 'user', signal: new AbortController().signal });
    if (found === undefined) {
      process.stderr.write(`No user matches ${printable(name)}. See LDAP_USER_BY_NAME, LDAP_USER_BY_MAIL and LDAP_BASE.\n`);
      return 1;
    }
    process.stdout.write(
      block(
        'Entry',
        Object.entries(found.raw).flatMap(([attribute, value]) => rawLines(attribute, value)),
      ),
    );
    process.stdout.write(block('Groups', groupLines(found.groups)));
    process.stdout.write(block('Profile', JSON.stringify(found.profile, null, 2).split('\n')));
    return 0;
  });
}

function rawLines(attribute: string, value: unknown): string[] {
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0) return [`${attribute}: (no value)`];
  return values.map((one: unknown) => {
    if (Buffer.isBuffer(one))
      return `${attribute}: ${one.length} bytes, ${one.subarray(0, 16).toString('hex')}${one.length > 16 ? '…' : ''}`;
    const text = printable(String(one));
    return `${attribute}: ${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : text}`;
  });
}

function groupLines(found: FoundGroups | undefined): string[] {
  if (found === undefined) return ['(not searched or not readable: see GROUPS and the log)'];
  const lines = found.groups.map((group) => groupLine(group, ''));
  const passed = found.passedThrough.map((group) => groupLine(group, '; not reported: outside LDAP_BASE_GROUPS'));
  return [...(lines.length > 0 ? lines : ['(none)']), ...passed];
}

function groupLine({ dn, how, through, ageMs }: FoundGroup, remark: string): string {
  const reached = {
    direct: 'direct',
    primary: 'primary group',
    nested: `nested, through ${printable(through ?? '')}`,
    found: 'found by LDAP_SEARCH_GROUPS',
  }[how];
  const age = ageMs === undefined ? 'fresh' : `cached for ${Math.round(ageMs / 1000)} s`;
  return `${printable(dn)}  (${reached}; ${age}${remark})`;
}
