/** The OCSP responder of the settings, if there is one. */
import { X509Certificate } from 'node:crypto';
import { readAuthorities } from '../../frontchannel/certificates/authorities.ts';
import { tryResponder } from '../../frontchannel/certificates/ocsp/ocsp.ts';
import { createAskResponder } from '../../frontchannel/certificates/ocsp/responder.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped } from '../check.ts';
import type { Run } from '../run.ts';

/** CA_CERT may contain all public authorities. */
const MAX_ASKED_ABOUT = 10;

export function ocspChecks(run: Run): Check[] {
  const { CLIENT_CERT_AUTH, CLIENT_CERT_OCSP, CLIENT_CERT_OCSP_URL } = run.config.values;
  const url = CLIENT_CERT_OCSP_URL === undefined ? undefined : new URL(CLIENT_CERT_OCSP_URL);
  const isOn = CLIENT_CERT_AUTH && CLIENT_CERT_OCSP;
  return [
    {
      id: 'ocsp-responder',
      ...(url === undefined ? {} : { target: url.host }),
      run() {
        if (!isOn) return skipped('off: CLIENT_CERT_OCSP is not set');
        return url === undefined
          ? skipped('user certificates name their responders, and this check has no user certificate')
          : tried(run, url);
      },
    },
  ];
}

/** It is enough if the responder answers for one authority: certificates may name other responders. */
async function tried(run: Run, url: URL): Promise<CheckOutcome> {
  const { values, home } = run.config;
  const options = { given: values.CLIENT_CERT_CA, trusted: run.configuredCertificates, listPaths: [], folder: home.folder };
  const authorities = readAuthorities(options)
    .certificates.slice(0, MAX_ASKED_ABOUT)
    .map((pem) => new X509Certificate(pem));
  if (authorities.length === 0) return fail('No authority for client certificates is configured', 'Set CLIENT_CERT_CA.');
  const ask = createAskResponder(values);
  const asked = await Promise.allSettled(authorities.map((authority) => tryResponder(ask, url, authority)));
  const answered = authorities.filter((_, n) => asked[n]?.status === 'fulfilled').map(({ subject }) => subject.replaceAll('\n', ', '));
  if (answered.length > 0) return pass(`Answers for ${answered.join('; ')}`);
  const problem = asked.find((one) => one.status === 'rejected');
  return failedBy(problem?.reason);
}
