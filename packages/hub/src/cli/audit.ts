/** `landbridge-hub audit list|verify|export`. */
import { CodedError } from '@landbridge/runtime';
import { Command } from 'commander';
import type { AuditQuery } from '../audit/query.ts';
import type { AuditRecord } from '../store/audit.ts';
import { type HubCommandContext, JSON_OPTION } from './context.ts';

const RECORDS_AT_ONCE = 1000;

const collect = (value: string, before: string[] = []) => [...before, value];

export function auditCommand({ withHome, print, note }: HubCommandContext): Command {
  return new Command('audit')
    .description('read the audit log: who did what, when, from where, and with what result')
    .addCommand(
      new Command('list')
        .description('print records, newest first')
        .option('--connection <name>', 'only this connection')
        .option('--subject <name>', 'only records about this user name, connector, key, …')
        .option('--actor <actor>', 'only actions by: user, command-line, api-key:ID, administrator:NAME, hub')
        .option('--action <action>', 'only this action: login, password.change, connection.create, …')
        .option('--result <result>', 'only this result: ok, invalid_credentials, …')
        .option('--correlation-id <id>', 'only this sign-in')
        .option('--instance <id>', 'only sign-ins at this connector')
        .option('--search <text>', 'only records with this text, in any field')
        .option('--from <time>', 'at or after this time (ISO 8601)')
        .option('--to <time>', 'before this time (ISO 8601)')
        .option('--before <number>', 'only records with a lower number, for the next page')
        .option('--limit <count>', 'maximum number of records', '100')
        .option(...JSON_OPTION)
        .action(({ json, ...query }: AuditQuery & { json?: true }) =>
          withHome(async ({ store }) => {
            const { auditPage } = await import('../audit/query.ts');
            const { records, next } = await auditPage(store, query);
            if (json) return print(JSON.stringify({ records, next }, null, 2));
            if (records.length === 0) note('No matching records.');
            for (const record of records) print(lineOf(record));
            if (next !== undefined) note(`More records: --before ${next}`);
          }),
        ),
    )
    .addCommand(
      new Command('verify')
        .description('check that no record was changed, removed or inserted')
        .option('--head <head>', 'an earlier head of the chain, as printed, logged or in AUDIT_HEAD_FILE; repeatable', collect)
        .option('--head-file <file>', 'a file with heads, such as the log of the syslog receiver; repeatable', collect)
        .action(({ head: given = [], headFile: headFiles = [] }: { head?: string[]; headFile?: string[] }) =>
          withHome(async ({ store, chain, settings }) => {
            const [{ headReader, verifyChain }, { headsIn }] = await Promise.all([
              import('../audit/chain.ts'),
              import('../audit/heads.ts'),
            ]);
            const reader = await headReader(store, chain);
            const heads = given.map((text) => reader.readHead(text) ?? neverAHead(text));
            for (const file of [...headFiles, ...(settings.AUDIT_HEAD_FILE === undefined ? [] : [settings.AUDIT_HEAD_FILE])]) {
              const noted = await headsIn(file, reader);
              heads.push(...noted.heads);
              note(`${noted.heads.length} heads in ${file} compared; ${noted.invalid} lines are not heads of this hub`);
            }
            const verdict = await verifyChain(store, chain, heads);
            if ('brokenAt' in verdict) throw broken(`at record ${verdict.brokenAt}: ${verdict.because}`);
            if (verdict.unverified > 0)
              note(`The oldest ${verdict.unverified} records were sealed with a key that was lost, and cannot be verified.`);
            note(`The audit log is intact: ${verdict.records} records. Store its head elsewhere:`);
            if (verdict.head !== undefined) print(chain.headText(verdict.head));
          }),
        ),
    )
    .addCommand(
      new Command('export').description('print all records as JSON lines, oldest first').action(() =>
        withHome(async ({ store }) => {
          const { auditJson } = await import('../audit/destinations/destination.ts');
          for (let last = 0; ; ) {
            const records = await store.auditRecordsAfter(last, RECORDS_AT_ONCE);
            for (const record of records) print(auditJson(record));
            last = records.at(-1)?.id ?? last;
            if (records.length < RECORDS_AT_ONCE) return;
          }
        }),
      ),
    );
}

function neverAHead(text: string): never {
  throw broken(`or "${text.slice(0, 200)}" is not a head of it: this hub never had it, or sealed it with another key`);
}

function broken(where: string): CodedError {
  return new CodedError('AUDIT_LOG_BROKEN', `The audit log was tampered with ${where}`, {
    action: 'Keep a copy of the database as evidence and find out who can write to it.',
  });
}

function lineOf({
  id,
  at,
  actor,
  action,
  connection,
  subject,
  remoteAddress,
  instance,
  result,
  correlationId,
  detail,
}: AuditRecord): string {
  const fields = { connection, subject, from: remoteAddress, instance, id: correlationId, detail };
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${JSON.stringify(value)}`]));
  return [id, at.toISOString(), actor, action, result, ...given].join('  ');
}
