/** `landbridge-hub try`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function tryCommand({ withHome, print }: HubCommandContext): Command {
  return new Command('try')
    .description('print a one-time link to a page for test sign-ins')
    .argument('<connection>')
    .action((connection: string) =>
      withHome(async ({ store, publicUrl }) => {
        const { newTryLink } = await import('../try/access.ts');
        print(await newTryLink(store, await publicUrl(), connection));
      }),
    );
}
