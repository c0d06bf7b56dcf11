/** The texts of the login pages, in English. Those of failures are in the table of failures (`protocol`). */
import { FAILURES } from '@landbridge/protocol';

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
    text: FAILURES.insufficient_access_rights.userMessage,
  },
} as const;

function duration(seconds: number): string {
  const [count, unit] = seconds < 90 ? [Math.max(1, Math.ceil(seconds)), 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
