/** Resolves the directory servers, and opens one for the checks that search. */

import { openConfiguredDirectory } from '../../agent/directory-parts.ts';
import type { ServerAddress } from '../../ldap/connect.ts';
import type { Directory } from '../../ldap/directory.ts';
import { domainOf } from '../../ldap/servers/discovery.ts';
import { configuredServers } from '../../setup/configured-servers.ts';
import { type Check, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import { silentLog } from '../silent-log.ts';
import { serverChecks } from './directory-server.ts';
import { rightsChecks } from './rights.ts';
import { userGroupsCheck } from './user-groups.ts';

/** A directory for the checks that search. */
export interface Searchable {
  needsAny: readonly Check[];
  /** A connection to the first searchable server; the same at each call. */
  open(): Promise<Directory>;
}

/** @param further checks that search */
export function directoryChecks(run: Run, further: (searchable: Searchable) => readonly Check[]): Check[] {
  return [
    {
      id: 'directory-servers',
      async run() {
        const { values } = run.config;
        if (values.LDAP_URL === undefined) return skipped('LDAP_URL is not set or not a URL; see "Configuration"');
        const { log, warnings } = silentLog();
        const found = configuredServers(values, log);
        const isAsked = typeof found === 'function';
        const addresses = isAsked ? await found() : found;
        const then = checksOf(run, addresses, further);
        const how = isAsked ? ` (from DNS, the servers of ${values.LDAP_URL.flatMap((url) => domainOf(url)?.name ?? []).join(', ')})` : '';
        const sentence = `${addresses.map(({ url }) => url).join(', ')}${how}`;
        return warnings.length > 0 ? warn(`${sentence}; ${warnings.join('; ')}`, undefined, then) : pass(sentence, then);
      },
    },
  ];
}

function checksOf(run: Run, addresses: readonly ServerAddress[], further: (searchable: Searchable) => readonly Check[]): Check[] {
  const working: ServerAddress[] = [];
  const servers = addresses.map((address) => serverChecks(run, address, () => working.push(address)));
  let opened: Directory | undefined;
  const searchable: Searchable = {
    needsAny: servers.map(({ search }) => search),
    async open() {
      // In the order of the settings, not of the answers.
      const server = addresses.find((address) => working.includes(address));
      if (opened === undefined && server !== undefined) {
        const { values } = run.config;
        // One server and one connection, so one more bind, with a password that was just accepted.
        const one = { ...values, LDAP_URL: [server.url], LDAP_SEARCH_CONNECTIONS: 1, LDAP_FOLLOW_REFERRALS: false };
        const directory = openConfiguredDirectory({ values: one, home: run.config.home }, run.servicePassword(), silentLog().log);
        run.onEnd(() => directory.close());
        opened = directory;
      }
      if (opened === undefined) throw new Error('no server is searchable');
      return opened;
    },
  };
  return [
    ...servers.flatMap(({ checks }) => checks),
    ...rightsChecks(run, searchable),
    userGroupsCheck(run, searchable),
    ...further(searchable),
  ];
}
