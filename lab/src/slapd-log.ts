/** Parses slapd's statistics log into operations with their connection and result. */

export type LoggedOperationKind =
  | 'bind'
  | 'unbind'
  | 'search'
  | 'compare'
  | 'add'
  | 'modify'
  | 'delete'
  | 'rename'
  | 'abandon'
  | 'extended';

export interface LoggedOperation {
  /** Keeps counting when slapd restarts and begins again at the same number. */
  connection: number;
  kind: LoggedOperationKind;
  /** The DN of the bind or modification, or the search base. Empty for an anonymous bind. */
  dn: string;
  /** The filter of a search, in slapd's notation. */
  filter?: string;
  /** The OID of an extended operation; StartTLS is `1.3.6.1.4.1.1466.20037`. */
  oid?: string;
  /** The result code (RFC 4511, section 4.1.9), once known; unbind and abandon have none. */
  result?: number;
  /** The number of entries that a search returned. */
  entries?: number;
}

const KINDS: Record<string, LoggedOperationKind> = {
  BIND: 'bind',
  UNBIND: 'unbind',
  SRCH: 'search',
  CMP: 'compare',
  ADD: 'add',
  MOD: 'modify',
  DEL: 'delete',
  MODRDN: 'rename',
  ABANDON: 'abandon',
  EXT: 'extended',
};

/** Offset of connection numbers between runs of slapd. */
const RUN_STEP = 1_000_000;

/** @param runs the log of each run of slapd, in order */
export function parseSlapdLog(runs: string[]): LoggedOperation[] {
  const operations: LoggedOperation[] = [];
  for (const [run, text] of runs.entries()) {
    const open = new Map<string, LoggedOperation>();
    for (const line of text.split('\n')) {
      const [, conn, op, rest] = /conn=(\d+) op=(\d+) (.*)/.exec(line) ?? [];
      if (conn === undefined || op === undefined || rest === undefined) continue;
      const key = `${conn}/${op}`;
      const result = /^(?:SEARCH )?RESULT .*?err=(\d+)(?:.*?nentries=(\d+))?/.exec(rest);
      const known = open.get(key);
      if (result !== null) {
        if (known === undefined) continue;
        known.result = Number(result[1]);
        if (result[2] !== undefined) known.entries = Number(result[2]);
        continue;
      }
      const kind = KINDS[rest.split(' ', 1)[0] ?? ''];
      // A successful bind and a search have a second line. Before a rebind, slapd logs a bind-like line that the connection is anonymous
      // again.
      if (kind === undefined || known !== undefined || rest.startsWith('BIND anonymous mech=implicit')) continue;
      const operation: LoggedOperation = {
        connection: run * RUN_STEP + Number(conn),
        kind,
        dn: quoted(rest, kind === 'search' ? 'base' : 'dn') ?? '',
      };
      const filter = quoted(rest, 'filter');
      if (filter !== undefined) operation.filter = filter;
      const oid = /oid=([\d.]+)/.exec(rest)?.[1];
      if (oid !== undefined) operation.oid = oid;
      open.set(key, operation);
      operations.push(operation);
    }
  }
  return operations;
}

/** slapd does not escape quotes in a value, so the value ends at the last quote before the next field. */
function quoted(line: string, name: string): string | undefined {
  return new RegExp(`(?:^| )${name}="(.*?)"(?: [a-z]+=|$)`).exec(line)?.[1];
}
