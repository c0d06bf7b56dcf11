/** The two forms of time in Active Directory: FILETIME and generalized time. */

/** Milliseconds from 1601-01-01, where FILETIME begins, to 1970-01-01. */
const FILETIME_EPOCH_MS = 11_644_473_600_000;

/** A FILETIME: 100-nanosecond intervals since 1601, as a decimal number (MS-DTYP 2.3.3). */
export function fileTime(unixMs: number): string {
  return String(BigInt(Math.round(unixMs) + FILETIME_EPOCH_MS) * 10_000n);
}

/** @returns milliseconds since 1970; NaN if the text is not a whole number */
export function unixMsOf(fileTimeText: string): number {
  return /^\d+$/.test(fileTimeText) ? Number(BigInt(fileTimeText) / 10_000n) - FILETIME_EPOCH_MS : Number.NaN;
}

/** `20261122093000.0Z`, as `whenCreated` has it. */
export function generalizedTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19).replace(/\D/g, '')}.0Z`;
}
