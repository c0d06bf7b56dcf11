/** The program `landbridge-connector`. It sets an exit code and never calls `process.exit`, so that the log is complete. */
import { runCommandLine, withCredentials } from '@landbridge/runtime';
import { connectorCommandLine } from './cli/program.ts';

await runCommandLine(connectorCommandLine(withCredentials(process.env, 'landbridge-connector')), process.argv.slice(2));
