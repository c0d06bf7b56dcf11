/** The configuration of a test's slapd (slapd.conf(5)): database, overlays, access rules, TLS and monitor. */
import { join } from 'node:path';

export interface SlapdConfOptions {
  folder: string;
  baseDn: string;
  /** Has all permissions and reads the counters. */
  labDn: string;
  labPassword: string;
  serviceDn: string;
  access?: string;
  hideRootDse?: boolean;
  anonymousRead?: boolean;
  serviceAccountResetsPasswords?: boolean;
  idleTimeoutSeconds?: number;
  requireTls?: boolean;
  clientAuthority?: string;
  overlays?: string;
  schema?: string;
}

export function slapdConf(options: SlapdConfOptions): string {
  const { folder, baseDn, labDn, serviceDn } = options;
  return `
${['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
${options.schema === undefined ? '' : `include ${join(folder, 'own.schema')}`}
modulepath /usr/lib/ldap
${['back_mdb', 'back_monitor', 'memberof', 'refint', 'ppolicy', 'dynlist'].map((name) => `moduleload ${name}`).join('\n')}
pidfile ${join(folder, 'slapd.pid')}
TLSCACertificateFile ${join(folder, 'clients.pem')}
TLSCertificateFile ${join(folder, 'cert.pem')}
TLSCertificateKeyFile ${join(folder, 'key.pem')}
${options.idleTimeoutSeconds === undefined ? '' : `idletimeout ${options.idleTimeoutSeconds}`}
${options.requireTls ? 'security ssf=128' : ''}
${options.clientAuthority === undefined ? '' : `TLSVerifyClient demand\nauthz-regexp "^cn=connector$" "${serviceDn}"`}
# Everyone may read the root DSE, as on most servers.
access to dn.base="" by * ${options.hideRootDse ? 'none' : 'read'}
access to dn.base="cn=Subschema" by * read

database mdb
suffix "${baseDn}"
rootdn "${labDn}"
rootpw ${options.labPassword}
directory ${join(folder, 'data')}
maxsize ${512 * 1024 * 1024}
# Nothing here needs to survive a power cut.
dbnosync
index objectClass,uid,cn,member,memberOf,mail eq
limits dn.exact="${serviceDn}" size=unlimited time=unlimited
${options.access ?? ''}
access to attrs=userPassword
  by dn.exact="${serviceDn}" ${options.serviceAccountResetsPasswords ? '=w' : 'none'}
  by self =wx
  by anonymous auth
  by * none
access to *
  by dn.exact="${serviceDn}" read
  by self read
  by anonymous ${options.anonymousRead ? 'read' : 'none'}
  by * none
overlay memberof
memberof-refint TRUE
overlay refint
refint_attributes member
refint_nothing "cn=nothing,${baseDn}"
overlay ppolicy
# Says that an account is locked instead of "invalid credentials" only: to clients that ask by the control.
ppolicy_use_lockout
ppolicy_default "cn=default,ou=policies,${baseDn}"
${options.overlays ?? ''}

database monitor
access to * by dn.exact="${labDn}" read by * none
`;
}
