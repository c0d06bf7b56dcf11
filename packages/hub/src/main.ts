/** The program `landbridge-hub`. */
import { runCommandLine, withCredentials } from '@landbridge/runtime';
import { hubCommandLine } from './cli/program.ts';

await runCommandLine(hubCommandLine(withCredentials(process.env, 'landbridge-hub')), process.argv.slice(2));
