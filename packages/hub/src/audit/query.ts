/** Queries of the audit log: filters from a query string or command options, and records as JSON. */
import { invalidRequest } from '@landbridge/web';
import { z } from 'zod';
import type { AuditFilter, AuditRecord, AuditStore } from '../store/audit.ts';

const MAX_PAGE = 1000;

const text = z.string().max(1024).optional();
const time = z
  .string()
  .refine((given) => !Number.isNaN(Date.parse(given)), 'is not a time (ISO 8601)')
  .transform((given) => new Date(given))
  .optional();
const page = z.object({
  connection: text,
  subject: text,
  actor: text,
  action: text,
  result: text,
  correlationId: text,
  from: time,
  to: time,
  before: z.coerce.number('must be a number').int().min(1).optional(),
  limit: z.coerce.number('must be a number').int().min(1).max(MAX_PAGE).default(100),
});

/** Other fields of a query are ignored. */
export type AuditQuery = Readonly<Partial<Record<keyof z.input<typeof page>, string>>>;

/** @throws CodedError INVALID_REQUEST; names the field */
function readAuditQuery(query: AuditQuery): { filter: AuditFilter; limit: number } {
  const parsed = page.safeParse(query);
  if (parsed.success) {
    const { limit, ...filter } = parsed.data;
    return { filter, limit };
  }
  throw invalidRequest(parsed.error);
}

/** @returns one page, the newest first; `next` is `before` of the next page. @throws CodedError INVALID_REQUEST */
export async function auditPage(store: AuditStore, query: AuditQuery): Promise<{ records: AuditRecord[]; next: number | undefined }> {
  const { filter, limit } = readAuditQuery(query);
  const records = await store.auditRecords(filter, limit);
  return { records, next: records.length === limit ? records.at(-1)?.id : undefined };
}
