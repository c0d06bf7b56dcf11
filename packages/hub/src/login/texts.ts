/** What the login pages say. English; other languages would stand beside it, with the same keys. */
import type { FailureCode } from '../requests/failures.ts';

export const TEXTS = {
  signIn: 'Sign in',
  to: (application: string) => `to ${application}`,
  toSignIn: (application: string) => `to sign in to ${application}`,
  account: (organisation: string) => `Use your ${organisation} account.`,
  whoAreYou: 'Enter your e-mail address at work to begin.',
  whichOrganisation: 'To which of these do you belong?',
  name: 'E-mail address or user name',
  userName: 'User name',
  password: 'Password',
  continue: 'Continue',
  cancel: 'Cancel',
  otherAccount: 'Use another account',
  sendingOff: 'Signing you in…',
  sendingOffLead: (organisation: string) => `${organisation} is asked who you are.`,
  usePassword: 'Use your password instead',
  withoutPassword: 'Sign in without a password',
  changePassword: 'Choose a new password',
  expired: 'Your password has expired. Choose a new one to go on.',
  mustChange: 'Your password must be changed before you can sign in. Choose a new one to go on.',
  currentPassword: 'Current password',
  newPassword: 'New password',
  newPasswordAgain: 'New password again',
  change: 'Change password and sign in',
  /** In the title of the window, where a reader of the screen hears it first. */
  notSignedIn: (title: string) => `Problem · ${title}`,

  unknownRealm: 'This does not lead to an organisation. Enter the whole e-mail address that you have at work.',
  missing: 'Enter your user name and your password.',
  missingNew: 'Fill in all three passwords.',
  notTheSame: 'The two new passwords are not the same.',
  unchanged: 'The new password is the current one. Choose another.',
  forgedForm: 'The form did not come from this page. Try again.',
  changed: 'Your password was changed. Sign in with the new one.',
  noIdentity: 'You were recognised, but your account lacks the identifier that applications need. Ask your administrators.',
  wrongCurrent: 'The user name or the current password is wrong.',
  notReached: 'Signing in without a password is not possible right now. Use your password.',
  notRecognised: 'You could not be signed in without a password. Use your password, and tell your help desk if this stays so.',
  tryAgainIn: (seconds: number) => `Try again in ${duration(seconds)}.`,

  gone: {
    title: 'This sign-in is over',
    text: 'It was finished, took too long, or was begun in another browser. Go back to the application and sign in again.',
  },
  nowhere: {
    title: 'Nobody can sign in here now',
    text: 'There is no organisation whose people can sign in to this application. Ask those who run it.',
  },
  cannotChange: {
    title: 'Your password cannot be changed here',
    expired: 'Your password has expired.',
    mustChange: 'Your password must be changed before you can sign in.',
    text: 'Change it on a computer at work, or ask your help desk. Then come back and sign in.',
  },
} as const;

/** What a person reads where a sign-in, or a change of the password, did not succeed. */
export const FAILURE_TEXTS: Record<FailureCode, string> = {
  invalid_credentials: 'The user name or the password is wrong.',
  password_expired: TEXTS.expired,
  password_change_required: TEXTS.mustChange,
  account_disabled: 'Your account is disabled. Ask your help desk.',
  account_expired: 'Your account has expired. Ask your help desk.',
  account_locked: 'Your account is locked after too many wrong passwords. Wait a while, or ask your help desk to unlock it.',
  user_not_found: 'The user name or the password is wrong.',
  insufficient_access_rights: TEXTS.cannotChange.text,
  password_complexity:
    'The new password does not meet the rules of your organisation: a longer one, other characters, or one not used before.',
  too_many_attempts: 'There were too many attempts.',
  connection_disabled: 'Your organisation has switched off signing in here. Ask your help desk.',
  directory_unavailable: 'Your organisation cannot be reached right now. Try again in a moment.',
  connector_offline: 'Your organisation cannot be reached right now. Try again in a moment.',
  connector_outdated: TEXTS.cannotChange.text,
  connector_busy: 'Many people are signing in right now. Try again in a moment.',
  connector_lost: 'The connection to your organisation was lost. Try again.',
  connector_timeout: 'Your organisation did not answer in time. Try again in a moment.',
  connector_error: 'Something went wrong at your organisation. Try again, or ask your help desk.',
};

function duration(seconds: number): string {
  const [count, unit] = seconds < 90 ? [Math.max(1, Math.ceil(seconds)), 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
