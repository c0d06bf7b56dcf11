/**
 * The connector's entry: hands the command line to `cli/`. Whatever goes wrong becomes an exit code, never a `process.exit`, so that
 * logs are written to the end.
 */
import { runConnectorCommand } from './cli/program.ts';

process.exitCode = await runConnectorCommand(process.argv.slice(2), process.env);
