/** `node packages/directory/src/main.ts --port 3890` serves Fabrikam until Ctrl-C. */
import { parseArgs } from 'node:util';
import { startDirectory } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const directory = await startDirectory({ port: Number(values.port) });

console.log(`LDAP             ${directory.url}
search base      ${directory.baseDn}
service account  ${directory.serviceAccount.dn}
its password     ${directory.serviceAccount.password}
`);
const width = Math.max(...directory.users.map(({ name }) => name.length));
for (const { name, password, expect } of directory.users) console.log(`${name.padEnd(width)}  ${password}  ${expect}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void directory.stop());
