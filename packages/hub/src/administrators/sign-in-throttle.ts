/**
 * How failed sign-ins of administrators delay further ones. Anyone can fail under another's name, so a name alone causes short waits only;
 * name and address together cause long ones.
 */
import { addressGroups } from '@landbridge/runtime';
import { createThrottle } from '@landbridge/web';

const MINUTE_MS = 60_000;

export interface SignInThrottle {
  /** @returns what to call if the password was right. @throws CodedError TOO_MANY_ATTEMPTS */
  beginPassword(name: string, address: string | undefined): () => void;
  /** @returns what to call if the code was right. @throws CodedError TOO_MANY_ATTEMPTS */
  beginCode(administratorId: string): () => void;
  /** Limits returns from the OpenID provider, since each one costs the hub a request to it. @throws CodedError TOO_MANY_ATTEMPTS */
  beginProvider(address: string | undefined): () => void;
}

export function createSignInThrottle(now?: () => number): SignInThrottle {
  const throttle = createThrottle(
    {
      nameAndAddress: { free: 4, longestMs: 15 * MINUTE_MS },
      address: { free: 30, longestMs: 15 * MINUTE_MS, keepsFailures: true },
      /** Above the address: a /24, of IPv6 a /56 and a /48. */
      network: { free: 120, longestMs: 15 * MINUTE_MS, keepsFailures: true },
      name: { free: 15, longestMs: MINUTE_MS },
      /** For an administrator whose password is known: six digits are soon guessed. */
      code: { free: 4, longestMs: 15 * MINUTE_MS },
    },
    { now },
  );
  const ofAddress = (address: string) =>
    addressGroups(address).map((group, level) => [level === 0 ? 'address' : 'network', group] as const);
  return {
    beginPassword(givenName, address) {
      const name = givenName.toLowerCase();
      if (address === undefined) return throttle.begin([['name', name]]);
      const groups = ofAddress(address);
      return throttle.begin([['name', name], ...groups, ['nameAndAddress', JSON.stringify([name, groups[0]?.[1]])]]);
    },
    beginProvider: (address) => throttle.begin(address === undefined ? [] : ofAddress(address)),
    beginCode: (administratorId) => throttle.begin([['code', administratorId]]),
  };
}
