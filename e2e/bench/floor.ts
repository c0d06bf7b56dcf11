/**
 * The floor: the LDAP operations of a sign-in alone. One process searches the user, binds as the user and searches the groups, without hub,
 * tokens or profile.
 */
import { EqualityFilter } from 'ldapts';
import { type BareConnection, connectBare } from './bare-ldap.ts';
import { serveCells } from './workload.ts';

export interface FloorTask {
  port: number;
  baseDn: string;
  service: { dn: string; password: string };
  users: { dn: string; uid: string; password: string }[];
}

/** Searches share two connections; binds have connections for one bind at a time, as in the connector. */
const SEARCH_CONNECTIONS = 2;
const BIND_CONNECTIONS = 8;

serveCells<FloorTask>(async (task, cell) => {
  const searchers = await Promise.all(Array.from({ length: SEARCH_CONNECTIONS }, () => connectBare(task.port)));
  for (const searcher of searchers) await searcher.bind(task.service.dn, task.service.password);
  const binders = await Promise.all(Array.from({ length: Math.min(BIND_CONNECTIONS, cell.inFlight) }, () => connectBare(task.port)));
  const idle = [...binders];
  const queue: ((binder: BareConnection) => void)[] = [];

  const bind = async (dn: string, password: string): Promise<number> => {
    const binder = idle.pop() ?? (await new Promise<BareConnection>((resolve) => queue.push(resolve)));
    const result = await binder.bind(dn, password);
    const next = queue.shift();
    if (next) next(binder);
    else idle.push(binder);
    return result;
  };

  return {
    async login(index) {
      const user = task.users[index % task.users.length];
      const searcher = searchers[index % searchers.length];
      if (user === undefined || searcher === undefined) return false;
      const found = await searcher.search(task.baseDn, new EqualityFilter({ attribute: 'uid', value: user.uid }), ['*', 'memberOf']);
      const bound = await bind(user.dn, user.password);
      if (!cell.searchGroups) return found === 0 && bound === 0;
      const groups = await searcher.search(task.baseDn, new EqualityFilter({ attribute: 'member', value: user.dn }), ['cn', 'memberOf']);
      return found === 0 && bound === 0 && groups === 0;
    },
    close() {
      for (const connection of [...searchers, ...binders]) connection.close();
    },
  };
});
