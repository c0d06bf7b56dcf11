/** The configuration of a test's domain controller (smb.conf(5)): LDAP and Kerberos on one loopback address, all files in one folder. */
import { join } from 'node:path';

export interface SambaConfOptions {
  folder: string;
  address: string;
  realm: string;
  netbiosName: string;
  /** The first label of the host name. */
  host: string;
}

export function sambaConf({ folder, address, realm, netbiosName, host }: SambaConfOptions): string {
  const inFolder = (name: string) => join(folder, name);
  return `
[global]
server role = active directory domain controller
workgroup = ${netbiosName}
realm = ${realm}
netbios name = ${host.toUpperCase()}
interfaces = ${address}/8
bind interfaces only = yes
disable netbios = yes
# No file server, no replication, no DNS.
server services = ldap, cldap, kdc
# A domain takes the password before the last change for an hour more. Tests of changed passwords cannot wait for that.
old password allowed period = 0
tls enabled = yes
tls cafile = ${inFolder('ca.pem')}
tls certfile = ${inFolder('cert.pem')}
tls keyfile = ${inFolder('key.pem')}
private dir = ${inFolder('private')}
state directory = ${inFolder('state')}
cache directory = ${inFolder('cache')}
lock directory = ${inFolder('lock')}
pid directory = ${inFolder('run')}
ncalrpc dir = ${inFolder('ncalrpc')}
winbindd socket directory = ${inFolder('winbindd')}
ntp signd socket directory = ${inFolder('ntp_signd')}
binddns dir = ${inFolder('bind-dns')}
log file = ${inFolder('samba.log')}
logging = file
log level = 1
# Access lists in a file of their own: not every file system has the attributes that they are kept in otherwise.
posix:eadb = ${eadb(folder)}
`;
}

export function eadb(folder: string): string {
  return join(folder, 'eadb.tdb');
}
