/** Queries of the audit log: filters from a query string or command options, and records as JSON or CSV. */
import { setImmediate as turn } from 'node:timers/promises';
import { invalidRequest } from '@landbridge/web';
import { z } from 'zod';
import type { AuditFilter, AuditRecord, AuditStore } from '../store/audit.ts';

const MAX_PAGE = 1000;
/** A query of several conditions may have to read every record. It reads this many at once, and lets sign-ins pass in between. */
const READ_AT_ONCE = 10_000;
/** After this many records, a page ends even if it is not full. The next one continues. */
const READ_PER_PAGE = 2_000_000;

const text = z.string().max(1024).optional();
const time = z
  .string()
  .refine((given) => !Number.isNaN(Date.parse(given)), 'is not a time (ISO 8601)')
  .transform((given) => new Date(given))
  .optional();
/** The query string of `GET /api/audit`. */
export const auditRequest = z.object({
  connection: text,
  subject: text,
  actor: text,
  action: text,
  result: text,
  correlationId: text,
  instance: text,
  search: text.transform((given) => given || undefined),
  from: time,
  to: time,
  before: z.coerce.number('must be a number').pipe(z.int().min(1)).optional(),
  limit: z.coerce.number('must be a number').pipe(z.int().min(1).max(MAX_PAGE)).default(100),
});

/** Other fields of a query are ignored. */
export type AuditQuery = Readonly<Partial<Record<keyof z.input<typeof auditRequest>, string>>>;

/** @throws CodedError INVALID_REQUEST; names the field */
function readAuditQuery(query: AuditQuery): { filter: AuditFilter; limit: number } {
  const parsed = auditRequest.safeParse(query);
  if (parsed.success) {
    const { limit, ...filter } = parsed.data;
    return { filter, limit };
  }
  throw invalidRequest(parsed.error);
}

/**
 * @returns one page, the newest first. `next` is `before` of the next page, which may exist although this one is not full.
 * @throws CodedError INVALID_REQUEST
 */
export async function auditPage(store: AuditStore, query: AuditQuery): Promise<{ records: AuditRecord[]; next: number | undefined }> {
  const { filter, limit } = readAuditQuery(query);
  return find(store, filter, limit);
}

async function find(store: AuditStore, filter: AuditFilter, limit: number): Promise<{ records: AuditRecord[]; next: number | undefined }> {
  const [[newest], [oldest]] = await Promise.all([store.auditRecords({}, 1), store.auditRecordsAfter(0, 1)]);
  const end = Math.min(filter.before ?? Number.MAX_SAFE_INTEGER, (newest?.id ?? 0) + 1);
  const start = oldest?.id ?? end;
  const { before: _, search, from, to, ...equalities } = filter;
  // An index answers a single equality at once.
  const isIndexed = Object.values(equalities).filter((value) => value !== undefined).length <= 1;
  const readAtOnce = isIndexed && [search, from, to].every((value) => value === undefined) ? end : READ_AT_ONCE;
  const records: AuditRecord[] = [];
  let before = end;
  while (before > start && records.length < limit && end - before < READ_PER_PAGE) {
    const after = Math.max(start, before - readAtOnce) - 1;
    records.push(...(await store.auditRecords({ ...filter, before, after }, limit - records.length)));
    before = after + 1;
    await turn();
  }
  const full = records.length === limit ? records.at(-1)?.id : undefined;
  const next = full ?? before;
  return { records, next: next > start ? next : undefined };
}

const EXPORT_FORMATS = { csv: 'text/csv; charset=utf-8; header=present', jsonl: 'application/x-ndjson' } as const;
export const auditExportFormat = z.enum(['csv', 'jsonl']).default('csv');

/** All matching records as a file, the newest first, in parts. @throws CodedError INVALID_REQUEST */
export function auditExport(
  store: AuditStore,
  query: AuditQuery,
  format: z.infer<typeof auditExportFormat>,
): { type: string; parts: AsyncGenerator<string> } {
  const { filter } = readAuditQuery(query);
  async function* parts(): AsyncGenerator<string> {
    if (format === 'csv') yield csvLine(CSV_FIELDS);
    for (let before = filter.before; ; ) {
      const { records, next } = await find(store, { ...filter, before }, MAX_PAGE);
      yield records
        .map((record) => (format === 'csv' ? csvLine(CSV_FIELDS.map((name) => record[name])) : `${JSON.stringify(record)}\n`))
        .join('');
      if (next === undefined) return;
      before = next;
    }
  }
  return { type: EXPORT_FORMATS[format], parts: parts() };
}

const CSV_FIELDS = [
  ...(['id', 'at', 'action', 'result', 'connection', 'subject', 'actor', 'remoteAddress', 'instance', 'correlationId', 'detail'] as const),
  ...(['hash'] as const),
];

/** RFC 4180. A spreadsheet would run a text that begins like a formula, and users choose what they type as a name. */
function csvLine(values: readonly (string | number | Date | undefined)[]): string {
  const cells = values.map((value) => {
    if (value === undefined) return '';
    if (typeof value === 'number') return String(value);
    const text = value instanceof Date ? value.toISOString() : value;
    return `"${/^[=+\-@\t\r]/.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`;
  });
  return `${cells.join(',')}\r\n`;
}
