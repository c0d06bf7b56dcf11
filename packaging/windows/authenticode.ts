/** Authenticode signatures of programs and MSI files, with osslsigncode. */
import { renameSync } from 'node:fs';
import { runTool } from '../run-tool.ts';

export interface AuthenticodeKey {
  /** PEM file: the certificate for code signing, then the certificates above it. */
  certificates: string;
  /** PEM file without a password. */
  key: string;
  /** RFC 3161. Without time stamps, signatures are invalid when the certificate expires, but two builds have the same bytes. */
  timestampUrl: string | undefined;
}

/** Replaces the file with a signed one. */
export function signForWindows(file: string, { certificates, key, timestampUrl }: AuthenticodeKey, epoch: number): void {
  const signed = `${file}.signed`;
  const time = timestampUrl === undefined ? ['-time', String(epoch)] : ['-ts', timestampUrl];
  const text = ['-n', 'Landbridge Connector'];
  runTool('osslsigncode', ['sign', '-certs', certificates, '-key', key, '-h', 'sha256', ...text, ...time, '-in', file, '-out', signed]);
  renameSync(signed, file);
}
