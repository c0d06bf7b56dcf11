/** Active Directory's times: steps of 100 ns since 1601, in decimal (MS-DTYP, section 2.3.3). */

const EPOCH_OF_1601_MS = 11_644_473_600_000;

/** @returns milliseconds since 1970; undefined if the text is missing or not a number. 2^63 - 1, which means never, is far in the future */
export function fileTimeMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,19}$/.test(text)) return undefined;
  return Number(BigInt(text) / 10_000n) - EPOCH_OF_1601_MS;
}
