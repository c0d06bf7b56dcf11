/** `landbridge-hub try`: a one-time link to the Try page of a connection. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function tryCommand({ withHome, print }: Surroundings): Command {
  return new Command('try')
    .description('print a one-time link to a page where one can sign in, for a test')
    .argument('<connection>')
    .action((connection: string) =>
      withHome(async ({ store, publicUrl }) => {
        const { newTryLink } = await import('../try/access.ts');
        print(await newTryLink(store, await publicUrl(), connection));
      }),
    );
}
