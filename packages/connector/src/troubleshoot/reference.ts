/** The text of `docs/troubleshooting.md`. */
import { CHECKS } from './catalogue.ts';

const INTRODUCTION = `# Troubleshooting the connector

<!-- Generated from packages/connector/src/troubleshoot/ by node tools/generate-configuration.ts. -->

\`landbridge-connector troubleshoot\` checks everything between the hub and the directory, and says what to do
([how to run it](#running-the-checks)). Error codes are in [errors.md](errors.md), reasons why Kerberos users get the form in
[kerberos.md](kerberos.md#if-users-get-the-form).

## Common problems

- **Sign-ins fail with a clock error, at once or after an hour.** This machine's clock and the hub's differ by more than \`CLOCK_SKEW_LIMIT_SECONDS\` (ten
  minutes). Up to that, the connector uses the hub's time for requests, and the log, the console and the hub's dashboard say how far the clock is off. Let NTP
  set it. On a virtual machine check the host's clock too. In a domain the domain controller is the time server, and its own source must be
  correct.
- **\`SELF_SIGNED_CERT_IN_CHAIN\`, \`UNABLE_TO_VERIFY_LEAF_SIGNATURE\`.** The certificate that arrives here is from an authority that this
  machine does not trust. "TLS with the hub" names it. If it is your company's proxy, exempt the hub from inspection, or put the proxy's
  authority into \`CA_CERT\` or \`SSL_CA_FILE\`. If it is the hub's own authority, put that there, or into the system's store.
- **It works in a browser but not here.** Browsers read the proxy from a \`.pac\` file or from Windows. Look up \`PROXY host:port\` in that file,
  and set \`HTTP_PROXY=http://host:port\`, with \`user:password@\` if the proxy asks for it (percent-encode special characters).
- **The ticket works, but the connector never gets online.** A proxy breaks WebSocket upgrades. Exempt the hub's host from inspection.
- **The directory cannot be reached on Windows.** \`nltest /dsgetdc:fabrikam.local\` shows whether Windows finds the domain.
- **Users are asked for a password although Kerberos is on.** Look at the Kerberos checks, then at the connection's IP ranges on the hub, which
  decide who is sent to the connector.
- **A new group, or a changed attribute, does not appear.** Group memberships are cached for \`GROUPS_CACHE_SECONDS\` (600), and domain
  controllers replicate within minutes. While no directory answers, the hub uses its own cache.

## Running the checks

\`\`\`sh
landbridge-connector troubleshoot --home /etc/landbridge
landbridge-connector troubleshoot --home /etc/landbridge --user alice
landbridge-connector troubleshoot --home /etc/landbridge --export support.zip
\`\`\`

Run it on the connector's machine, as the service's account and with the service's environment, because proxies and permissions depend on
both. The connector may be running. Nothing is changed, no user's password is tried, and no result contains a secret.

Each check ends as \`ok\`, \`WARN\` (it works, but needs attention), \`FAIL\`, or \`--\` (skipped: it is off here, or depends on a check that did not
pass). The exit code is 1 if a check failed. \`--json\` prints an array of \`{id, title, target, tried, status, found, action, because, ms}\`, with
\`status\` one of \`pass\`, \`warn\`, \`fail\`, \`skipped\`, and \`because\` the check that caused the skip.

The service account binds once at each server, and once more for the later checks. A refused password is tried only once per run, at one server,
so that the account is not locked. Do not repeat the run with a wrong password.

## The support package

\`--export FILE\` writes a zip that only you can read. It lists the contents and asks first (\`--yes\` skips the question): \`config.json\` and
\`settings.json\` with passwords, ticket, keys and unknown settings masked; \`lib/profileMapper.js\`; the log without secrets;
\`test-results.log\` and \`test-results.json\`. The private key is not included. The log contains user names and the results contain server names:
review them before you send the file.

## All checks

`;

export function troubleshootingReference(): string {
  const rows = Object.entries(CHECKS).map(([id, { title, tries, remedy }]) => `| ${title} (\`${id}\`) | ${tries} | ${remedy} |\n`);
  return `${INTRODUCTION}| check | what it does | if it fails |\n| --- | --- | --- |\n${rows.join('')}`;
}
