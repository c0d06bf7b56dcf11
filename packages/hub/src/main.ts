/** The program `landbridge-hub`. */
import { runCommandLine, withCredentials } from '@landbridge/runtime';
import { hubCommandLine } from './cli/program.ts';

const environment = withCredentials(process.env, 'landbridge-hub');
const { PUBLIC_URL } = environment;
const documentsUrl = PUBLIC_URL === undefined ? undefined : `${PUBLIC_URL.replace(/\/+$/, '')}/docs`;
await runCommandLine(hubCommandLine(environment), process.argv.slice(2), { documentsUrl });
