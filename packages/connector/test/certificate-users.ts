/** Users of a real OpenLDAP with client certificates, and front channels that accept them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair, type Slapd, startSlapd } from '@landbridge/lab';
import { type FrontChannelOn, frontChannelOn } from './front-channel-on.ts';
import { usersOn } from './users-on.ts';

export interface CertificateUsers {
  slapd: Slapd;
  root: CertificateAuthority;
  /** Intermediate authority below the root that issues user certificates. */
  issuing: CertificateAuthority;
  /** That paths in settings are relative to. */
  folder: string;
  /** A front channel that accepts certificates of both authorities, unless the settings differ. */
  on(settings?: Record<string, unknown>, options?: { serversCa?: string }): Promise<FrontChannelOn>;
  uid(n: number): string;
  forUser(n: number): Promise<KeyPair>;
  /** Settings with a server's certificate as a PFX. @param along PEM of additional certificates */
  pfx(own: KeyPair, along: string): Record<string, string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startCertificateUsers(): Promise<CertificateUsers> {
  const slapd = await startSlapd({ users: 20 });
  const directory = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
  const root = await createCertificateAuthority('Fabrikam root');
  const issuing = await root.issueAuthority('Fabrikam people');
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-certificates-'));
  const open: FrontChannelOn[] = [];
  const uid = (n: number) => slapd.users.ordinary[n]?.uid ?? '';
  return {
    slapd,
    root,
    issuing,
    folder,
    async on(settings = {}, { serversCa } = {}) {
      const made = await frontChannelOn(
        directory.users,
        { CLIENT_CERT_CA: root.cert + issuing.cert, ...settings },
        { connection: { clientCertificates: true }, folder, ...(serversCa === undefined ? {} : { ca: serversCa }) },
      );
      open.push(made);
      return made;
    },
    uid,
    forUser: (n) => issuing.issue({ commonName: uid(n), clientAuth: true }),
    pfx(own, along) {
      writeFileSync(join(folder, 'own.pem'), own.cert + own.key);
      writeFileSync(join(folder, 'along.pem'), along);
      const files = ['-in', join(folder, 'own.pem'), '-certfile', join(folder, 'along.pem')];
      const made = spawnSync('openssl', ['pkcs12', '-export', ...files, '-passout', 'pass:secret']);
      assert.equal(made.status, 0, String(made.stderr));
      return { SSL_CERT: '', SSL_KEY: '', SSL_PFX: made.stdout.toString('base64'), SSL_KEY_PASSWORD: 'secret' };
    },
    async [Symbol.asyncDispose]() {
      for (const one of open) await one.close();
      await directory.close();
      await slapd[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
