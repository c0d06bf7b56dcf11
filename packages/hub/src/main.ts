/** The program `landbridge-hub`. */
import { runHubCommand } from './cli/program.ts';

process.exitCode = await runHubCommand(process.argv.slice(2));
