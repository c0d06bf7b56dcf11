/** The command line: one file per command. */
import { addExamples, completionCommand, createCommandLine, printableLines, printTable, serviceCommand } from '@landbridge/runtime';
import type { Command } from 'commander';
import type { HubHome } from '../home.ts';
import { HUB_VERSION } from '../version.ts';
import { adminCommand } from './admin.ts';
import { auditCommand } from './audit.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { clientCommand } from './client.ts';
import { connectionCommand } from './connection.ts';
import { connectorCommand } from './connector.ts';
import type { HubCommandContext } from './context.ts';
import { HUB_EXAMPLES } from './examples.ts';
import { healthCommand } from './health.ts';
import { hubKeyCommand } from './hub-key.ts';
import { identityCommand } from './identity.ts';
import { keyCommand } from './key.ts';
import { runCommand } from './run.ts';
import { HUB_SERVICE } from './service-program.ts';
import { signingKeyCommand } from './signing-key.ts';
import { statusCommand } from './status.ts';
import { ticketCommand } from './ticket.ts';
import { tryCommand } from './try.ts';

const EXAMPLES = `
Examples:
  landbridge-hub run --home /var/lib/landbridge-hub
  landbridge-hub connection create corp     prints its ticket
  landbridge-hub key create billing --scope sign-in  prints it
  landbridge-hub client create billing --redirect-uri https://billing.example/callback
  landbridge-hub try corp                   prints a link for a test sign-in
  landbridge-hub backup /backup/hub-$(date +%F).sqlite

docs/hub-configuration.md lists all settings.
Environment variables override hub.json.`;

export function hubCommandLine(environment: NodeJS.ProcessEnv): Command {
  const program = createCommandLine({
    name: 'landbridge-hub',
    description: 'Runs beside your applications and asks connectors to sign users in.',
    version: HUB_VERSION,
    homeFiles: 'hub.json and hub.sqlite',
    examples: EXAMPLES,
  });
  const given = () => program.opts<{ home?: string }>().home;
  async function opened<T>(options: { anyKey?: boolean; existing: boolean }, use: (home: HubHome) => Promise<T>): Promise<T> {
    const { openHome } = await import('../home.ts');
    const home = openHome(given(), environment, options);
    try {
      if (home.isNew && options.existing) context.note(`Created a new hub in ${home.folder}.`);
      return await use(home);
    } finally {
      await home.store.close();
    }
  }

  const context: HubCommandContext = {
    async withHome(use, { creates = false } = {}) {
      const { commandLineOperator } = await import('./operator.ts');
      return opened({ existing: !creates }, (home) => use({ ...home, operator: commandLineOperator(home.store, home.chain) }));
    },
    withAnyKey: (use) => opened({ anyKey: true, existing: true }, use),
    async settings() {
      const { settingsOfHome } = await import('../home.ts');
      return settingsOfHome(given(), environment);
    },
    async closedHome(backup) {
      const { closedHome } = await import('../home.ts');
      return closedHome(given(), environment, backup);
    },
    print: (line) => console.log(printableLines(line)),
    printList({ json, name, items, headers, rows, empty }) {
      if (json) context.print(JSON.stringify({ [name]: items }, null, 2));
      else if (rows.length === 0) context.note(empty);
      else printTable(headers, rows);
    },
    note: (line) => console.error(printableLines(line)),
  };
  for (const create of [
    runCommand,
    connectionCommand,
    ticketCommand,
    connectorCommand,
    keyCommand,
    clientCommand,
    signingKeyCommand,
    identityCommand,
    hubKeyCommand,
    tryCommand,
    adminCommand,
    auditCommand,
    statusCommand,
    healthCommand,
    backupCommand,
    restoreCommand,
  ]) {
    program.addCommand(create(context));
  }
  program.addCommand(serviceCommand(HUB_SERVICE, given));
  program.addCommand(completionCommand(program));
  addExamples(program, HUB_EXAMPLES);
  return program;
}
