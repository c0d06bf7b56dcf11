/** GeneralizedTime (X.680, RFC 4517 section 3.3.13) in the one form that directories and OCSP responders write. */

/** @param text `20261122093000Z`, perhaps with a fraction. @returns undefined if it is missing or has another form */
export function parseGeneralizedTime(text: string | undefined): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text ?? '');
  if (parts === null) return undefined;
  const [year = 0, month = 1, day, hour, minute, second] = parts.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}
