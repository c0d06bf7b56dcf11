/** GeneralizedTime (RFC 4517, section 3.3.13), in the one form in which directories write it. */

/** @param text `20261122093000Z`, perhaps with a fraction. @returns undefined where it is absent, or another form */
export function generalizedTime(text: string | undefined): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text ?? '');
  if (parts === null) return undefined;
  const [year = 0, month = 1, day, hour, minute, second] = parts.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}
