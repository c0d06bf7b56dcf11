/** `landbridge-hub audit list|verify|export`. */
import { CodedError } from '@landbridge/runtime';
import { Command, InvalidArgumentError } from 'commander';
import type { Head } from '../audit/chain.ts';
import type { AuditQuery } from '../audit/query.ts';
import type { AuditRecord } from '../store/audit.ts';
import type { HubCommandContext } from './context.ts';

const RECORDS_AT_ONCE = 1000;

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
        .option('--from <time>', 'at or after this time (ISO 8601)')
        .option('--to <time>', 'before this time (ISO 8601)')
        .option('--before <number>', 'only records with a lower number, for the next page')
        .option('--limit <count>', 'maximum number of records', '100')
        .action((query: AuditQuery) =>
          withHome(async ({ store }) => {
            const { auditPage } = await import('../audit/query.ts');
            const { records, next } = await auditPage(store, query);
            if (records.length === 0) note('No matching records.');
            for (const record of records) print(lineOf(record));
            if (next !== undefined) note(`More records: --before ${next}`);
          }),
        ),
    )
    .addCommand(
      new Command('verify')
        .description('check that no record was changed, removed or inserted')
        .option('--head <number:hash>', 'an earlier head of the chain, which must still exist (the hub logs it daily)', headOf)
        .action(({ head: expected }: { head?: Head }) =>
          withHome(async ({ store }) => {
            const { verifyChain } = await import('../audit/chain.ts');
            const verdict = await verifyChain(store, expected);
            if ('brokenAt' in verdict) {
              throw new CodedError(
                'AUDIT_LOG_BROKEN',
                `The audit log was tampered with at record ${verdict.brokenAt}: ${verdict.because}`,
                {
                  action: 'Keep a copy of the database as evidence and find out who can write to it.',
                },
              );
            }
            note(`The audit log is intact: ${verdict.records} records. Store its head elsewhere:`);
            if (verdict.head !== undefined) print(`${verdict.head.id}:${verdict.head.hash}`);
          }),
        ),
    )
    .addCommand(
      new Command('export').description('print all records as JSON lines, oldest first').action(() =>
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
  if (id === undefined || hash === undefined) throw new InvalidArgumentError('Expected NUMBER:HASH.');
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
