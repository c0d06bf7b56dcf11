/**
 * One line per system to install a connector from this hub's packages and to set it up with a ticket. The ticket is passed in the environment or in a
 * file: every user of a machine can read the arguments of programs.
 */
import { type ListedPackage, PACKAGES_PATH } from '@landbridge/protocol';
import { installCommands } from '../tickets/tickets.ts';

interface Line {
  label: string;
  value: string;
}

const PROCESSORS: Readonly<Record<string, string>> = { x64: 'Intel/AMD', arm64: 'ARM' };

/** @param ticket its URL, which needs no further quoting */
export function installLines(packages: readonly ListedPackage[], hub: string, ticket: string): Line[] {
  const ofConnector = packages.filter(({ program }) => program === 'connector');
  const newest = ofConnector.filter(({ version }) => version === ofConnector[0]?.version);
  const lines = [...new Map(newest.flatMap((each) => lineFor(each, hub, ticket)).map((line) => [line.label, line])).values()];
  if (lines.length > 0) return lines;
  const { shell, powershell } = installCommands(ticket);
  return [
    { label: 'Linux and macOS', value: shell },
    { label: 'Windows (PowerShell)', value: powershell },
  ];
}

export function systemOf({ format, platform, arch = '' }: ListedPackage): string {
  const processor = PROCESSORS[arch] ?? arch;
  if (format === 'deb') return `Debian, Ubuntu (${processor})`;
  if (format === 'rpm') return `Red Hat, SUSE (${processor})`;
  if (format === 'msi') return `Windows (${processor})`;
  if (format === 'image') return 'Container';
  return `${platform === 'darwin' ? 'macOS' : 'Other Linux'} (${processor})`;
}

function lineFor(offered: ListedPackage, hub: string, ticket: string): Line[] {
  const { name, format, version, arch } = offered;
  const file = (ending: string) => `landbridge-connector.${ending}`;
  const url = `${hub}${PACKAGES_PATH}/${name}`;
  const setUp = `PROVISIONING_TICKET='${ticket}' landbridge-connector setup && systemctl restart landbridge-connector`;
  switch (format) {
    case 'deb': {
      // One line for both processors.
      const any = url.replace(/_(?:amd64|arm64)\.deb$/, '_$(dpkg --print-architecture).deb');
      const value = `curl -fLo /tmp/${file('deb')} ${any} && apt install -y /tmp/${file('deb')} && ${setUp}`;
      return [{ label: 'Debian, Ubuntu', value }];
    }
    case 'rpm': {
      const any = url.replace(/\.(?:x86_64|aarch64)\.rpm$/, '.$(uname -m).rpm');
      const value = `curl -fLo /tmp/${file('rpm')} ${any} && dnf install -y /tmp/${file('rpm')} && ${setUp}`;
      return [{ label: 'Red Hat and other systems with rpm', value }];
    }
    case 'msi':
      return [
        {
          label: arch === 'x64' ? 'Windows (PowerShell)' : 'Windows on ARM (PowerShell)',
          // As administrator. `setup` asks for the directory, as on other systems; the waiting service then starts by itself.
          value: `Invoke-WebRequest ${url} -OutFile ${file('msi')}; Start-Process -Wait msiexec "/i ${file('msi')} /passive"; $env:PROVISIONING_TICKET='${ticket}'; & "$env:ProgramFiles\\Landbridge\\Connector\\landbridge-connector.cmd" setup; Remove-Item Env:PROVISIONING_TICKET`,
        },
      ];
    case 'image':
      return [
        {
          label: 'Container',
          value: `curl -fLO ${url} && podman load -i ${name} && PROVISIONING_TICKET='${ticket}' podman run -d --name landbridge-connector -e PROVISIONING_TICKET -e LDAP_URL=ldaps://dc1.example.com -v landbridge-connector:/var/lib/landbridge-connector localhost/landbridge-connector:${version}`,
        },
      ];
    case 'archive':
      return [
        {
          label: systemOf(offered),
          value: `curl -fL ${url} | tar -xz && PROVISIONING_TICKET='${ticket}' landbridge-connector/landbridge-connector setup --home landbridge-home && landbridge-connector/landbridge-connector run --home landbridge-home`,
        },
      ];
  }
}
