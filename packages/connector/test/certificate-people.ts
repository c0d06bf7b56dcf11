/** People of a real OpenLDAP with client certificates of authorities of a test's own, and front channels that take them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair, type Slapd, startSlapd } from '@landbridge/lab';
import { type FrontChannelOn, frontChannelOn } from './front-channel-on.ts';
import { usersOn } from './users-on.ts';

export interface CertificatePeople {
  slapd: Slapd;
  root: CertificateAuthority;
  /** Has its certificate from the root, and issues those of people. */
  issuing: CertificateAuthority;
  /** Paths of settings are relative to it. */
  folder: string;
  /** A front channel that takes certificates of both authorities, unless the settings say otherwise. */
  on(settings?: Record<string, unknown>, options?: { serversCa?: string }): Promise<FrontChannelOn>;
  uid(n: number): string;
  forPerson(n: number): Promise<KeyPair>;
  /** Settings with a server's certificate as a PFX. @param along PEM of other certificates in it */
  pfx(own: KeyPair, along: string): Record<string, string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startCertificatePeople(): Promise<CertificatePeople> {
  const slapd = await startSlapd({ users: 20 });
  const people = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
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
        people.users,
        { CLIENT_CERT_CA: root.cert + issuing.cert, ...settings },
        { connection: { clientCertificates: true }, folder, ...(serversCa === undefined ? {} : { ca: serversCa }) },
      );
      open.push(made);
      return made;
    },
    uid,
    forPerson: (n) => issuing.issue({ commonName: uid(n), clientAuth: true }),
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
      await people.close();
      await slapd[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
