/** The program `landbridge-hub`. */
import { runCommandLine } from '@landbridge/runtime';
import { hubCommandLine } from './cli/program.ts';

await runCommandLine(hubCommandLine(process.env), process.argv.slice(2));
