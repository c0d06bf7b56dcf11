/** The text of `docs/troubleshooting.md`. */
import { CHECKS } from './catalogue.ts';

const INTRODUCTION = `# Troubleshooting the connector

This file is generated from \`packages/connector/src/troubleshoot/\` by \`node tools/generate-configuration.ts\`.

\`\`\`
landbridge-connector troubleshoot --home /etc/landbridge
landbridge-connector troubleshoot --home /etc/landbridge --user alice
landbridge-connector troubleshoot --home /etc/landbridge --export support.zip
\`\`\`

It looks at everything between the hub and the directory, says what it found, and what to do. Run it on the connector's machine, as the
user of the service, with the environment of the service: proxies and rights are those of whoever runs it. The connector may run
meanwhile. Nothing is changed, no person's password is tried, and no result holds a secret.

Each check ends as \`ok\`, \`WARN\` (it works, and deserves a word), \`FAIL\`, or \`--\` (skipped: it is off here, or needs another check that did not
pass). The exit code is 1 where any failed. \`--json\` gives an array of \`{id, title, target, tried, status, found, action, because, ms}\`, with
\`status\` one of \`pass\`, \`warn\`, \`fail\`, \`skipped\`, and \`because\` the check for which one was skipped.

The service account binds once at each server, and once more for what comes after. A password that is refused is tried once in a run, at one
server only, so that the account is not locked; do not run it again and again with a wrong one.

## The package for support

\`--export FILE\` writes a zip, readable by you alone. It shows what will be in it and asks first (\`--yes\` does not ask): \`config.json\` and
\`settings.json\` with passwords, ticket, keys and unknown keys masked; \`lib/profileMapper.js\`; the log without secrets; \`test-results.log\` and
\`test-results.json\`. The private key is not in it. The log names people who signed in, and the results name servers: read it before you
send it.

## The checks

`;

const COMMON = `
## Problems that people have

- **Sign-ins fail after an hour, or at once, with a clock error.** This machine's clock and the hub's are more than 5 seconds apart. Let
  NTP set it; on a virtual machine look at the host's clock too. In a domain the domain controller is the time server, and its own source
  must be right.
- **\`SELF_SIGNED_CERT_IN_CHAIN\`, \`UNABLE_TO_VERIFY_LEAF_SIGNATURE\`.** Somebody on the way shows a certificate of an authority that this machine
  does not know; "TLS with the hub" names it. If that is your company's proxy, have the hub excepted from inspection, or put the proxy's
  authority into \`CA_CERT\` or \`SSL_CA_FILE\`. If it is the hub's own authority, put that there, or into the system's store.
- **It works in a browser and not here.** Browsers read the proxy from a \`.pac\` file or from Windows. Look up \`PROXY host:port\` in that file, and
  set \`HTTP_PROXY=http://host:port\`, with \`user:password@\` where the proxy asks for one (special characters percent-encoded).
- **The ticket works and the connector never gets online.** A proxy breaks WebSocket upgrades. Let it pass the hub's host without looking
  inside.
- **The directory cannot be reached on Windows.** \`nltest /dsgetdc:fabrikam.local\` says whether Windows finds the domain.
- **People are asked for a password though Kerberos is on.** Look at the Kerberos checks; then at the address ranges of the connection on
  the hub, which decide who is sent to Kerberos.
- **A new group, or a changed attribute, does not show.** Memberships of groups are remembered for \`GROUPS_CACHE_SECONDS\` (600), domain
  controllers replicate within minutes, and a hub may have a cache of its own for the time in which no directory answers.
`;

export function troubleshootingReference(): string {
  const rows = Object.entries(CHECKS).map(([id, { title, tries, remedy }]) => `| ${title} (\`${id}\`) | ${tries} | ${remedy} |\n`);
  return `${INTRODUCTION}| check | what it does | if it fails |\n| --- | --- | --- |\n${rows.join('')}${COMMON}`;
}
