/** The systemd unit of a program: the same text in packages and from `service install`. */
import { SERVICE_FILE_MARK, type ServiceProgram } from './service-program.ts';

export interface SystemdUnitOptions {
  /** The script that runs the program. */
  launcher: string;
  home: string;
  documentation: string | undefined;
  /** Whether `service install` writes it. */
  isOurs: boolean;
}

/** The folder that systemd itself creates for the account of the service. */
export function systemdHome({ name }: ServiceProgram): string {
  return `/var/lib/${name}`;
}

export function systemdUnit(program: ServiceProgram, options: SystemdUnitOptions): string {
  const { name, title, reloadsOnHangUp, storedCredential } = program;
  const { launcher, home, documentation, isOurs } = options;
  const lines = [
    ...(isOurs ? [`# ${SERVICE_FILE_MARK} Change it with: systemctl edit ${name}`] : []),
    '[Unit]',
    `Description=${title}`,
    ...(documentation === undefined ? [] : [`Documentation=${documentation}`]),
    'Wants=network-online.target',
    'After=network-online.target nss-lookup.target',
    '',
    '[Service]',
    'Type=exec',
    `User=${name}`,
    ...(home === systemdHome(program) ? [`StateDirectory=${name}`, 'StateDirectoryMode=0700'] : [`ReadWritePaths=${home}`]),
    `WorkingDirectory=${home}`,
    `ExecStart=${launcher} run`,
    // Minimal systems have no program `kill`, but every shell has a command of that name.
    ...(reloadsOnHangUp ? ["ExecReload=/bin/sh -c 'kill -HUP $MAINPID'"] : []),
    "# Each file in this folder is a setting: its name is the setting's name, its content the value. Only root can read the folder.",
    `LoadCredential=${name}:/etc/${name}/credentials`,
    ...(storedCredential === undefined
      ? []
      : [`# ${storedCredential.purpose}: /etc/credstore/${storedCredential.name}.`, `LoadCredential=${storedCredential.name}`]),
    ...HARDENING,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return `${lines.join('\n')}\n`;
}

const HARDENING: readonly string[] = `Restart=on-failure
RestartSec=5
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
# For ports below 1024.
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute is impossible: Node.js compiles JavaScript to machine code.`.split('\n');
