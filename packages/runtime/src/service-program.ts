/** What the service managers have to know about a program, and the files that its service has on every system. */

export interface ServiceProgram {
  /** The name of the program, of its service, and of its account on Linux. */
  name: string;
  title: string;
  /** In its home. */
  settingsFile: string;
  /** Whether SIGHUP reloads the configuration. */
  reloadsOnHangUp: boolean;
  /** A secret that systemd may keep in /etc/credstore instead of a file in the home. */
  storedCredential: { name: string; purpose: string } | undefined;
  /** Options of Node.js. */
  nodeOptions: readonly string[];
}

/** Lets a program find out whether a file is its own, so that it never overwrites or deletes a file that an administrator wrote. */
export const SERVICE_FILE_MARK = 'Written by "service install" and replaced or deleted by it.';

/** The start of the file for settings. Administrators edit it. */
export function environmentFileText({ name, settingsFile }: ServiceProgram, home: string): string {
  return `# Settings of ${name}, one NAME=value per line. They override ${settingsFile} in ${home}.
# Put secrets into files in /etc/${name}/credentials instead. Then: systemctl restart ${name}
`;
}

/** A script that runs the program as its service does: same account, same settings, same home. */
export function launcherText(program: ServiceProgram, options: { node: string; main: string; home: string; mark?: string }): string {
  const { name, nodeOptions } = program;
  const { node, main, home, mark } = options;
  return `#!/bin/sh
# Runs ${name} as its own account, with the files in ${home} and the settings in /etc/${name}/environment.
${mark === undefined ? '' : `# ${mark}\n`}set -e
# Files in the home belong to the service. Only root can manage the service itself.
if [ "$(id -u)" = 0 ] && [ "$1" != service ]; then
  exec runuser -u ${name} -- "$0" "$@"
fi
export LANDBRIDGE_HOME="\${LANDBRIDGE_HOME:-${home}}"
exec ${[node, ...nodeOptions, `--env-file-if-exists=/etc/${name}/environment`, main].join(' ')} "$@"
`;
}
