/** `landbridge-hub audit list|verify|export`. */
import { CodedError } from '@landbridge/runtime';
import { Command, InvalidArgumentError } from 'commander';
import type { Head } from '../audit/chain.ts';
import type { AuditQuery } from '../audit/query.ts';
import type { AuditRecord } from '../store/audit.ts';
import type { Surroundings } from './program.ts';

const RECORDS_AT_ONCE = 1000;

export function auditCommand({ withHome, print, note }: Surroundings): Command {
  return new Command('audit')
    .description('the audit log: who did what, when, from where, with which result')
    .addCommand(
      new Command('list')
        .description('print the newest records, the newest first')
        .option('--connection <name>', 'only of this connection')
        .option('--subject <name>', 'only about this user name, connector, key, …')
        .option('--actor <actor>', 'only by: person, command-line, api-key:ID, administrator:NAME, hub')
        .option('--action <action>', 'only: login, password.change, connection.create, …')
        .option('--result <result>', 'only with this result: ok, invalid_credentials, …')
        .option('--correlation-id <id>', 'only of one sign-in')
        .option('--from <time>', 'not before (ISO 8601)')
        .option('--to <time>', 'before (ISO 8601)')
        .option('--before <number>', 'only records with a smaller number: the next page')
        .option('--limit <count>', 'at most so many', '100')
        .action((query: AuditQuery) =>
          withHome(async ({ store }) => {
            const { auditPage } = await import('../audit/query.ts');
            const { records, next } = await auditPage(store, query);
            if (records.length === 0) note('There are no such records.');
            for (const record of records) print(lineOf(record));
            if (next !== undefined) note(`There may be more: --before ${next}`);
          }),
        ),
    )
    .addCommand(
      new Command('verify')
        .description('check that no record was changed, removed or put in')
        .option('--head <number:hash>', 'a head that was noted down earlier (the hub logs it daily): it must still be there', headOf)
        .action(({ head: expected }: { head?: Head }) =>
          withHome(async ({ store }) => {
            const { verifyChain } = await import('../audit/chain.ts');
            const verdict = await verifyChain(store, expected);
            if ('brokenAt' in verdict) {
              throw new CodedError(
                'AUDIT_LOG_BROKEN',
                `Record ${verdict.brokenAt} of the audit log is not as it was written: ${verdict.because}`,
                {
                  action: 'Keep a copy of the database as it is, and find out who could write it.',
                },
              );
            }
            note(`The audit log is as it was written: ${verdict.records} records. Its head, to be noted down elsewhere:`);
            if (verdict.head !== undefined) print(`${verdict.head.id}:${verdict.head.hash}`);
          }),
        ),
    )
    .addCommand(
      new Command('export').description('print all records as JSON, one a line, the oldest first').action(() =>
        withHome(async ({ store }) => {
          for (let last = 0; ; ) {
            const records = await store.auditRecordsAfter(last, RECORDS_AT_ONCE);
            for (const record of records) print(JSON.stringify(record));
            last = records.at(-1)?.id ?? last;
            if (records.length < RECORDS_AT_ONCE) return;
          }
        }),
      ),
    );
}

function headOf(text: string): Head {
  const [, id, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (id === undefined || hash === undefined) throw new InvalidArgumentError('It is a number, a colon and a hash.');
  return { id: Number(id), hash };
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
