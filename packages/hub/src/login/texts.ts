/** The texts of the login pages, in English. Those of failures are in the table of failures (`protocol`). */
import { FAILURES } from '@landbridge/protocol';

export const LOGIN_TEXTS = {
  signIn: 'Sign in',
  to: (application: string) => `to ${application}`,
  toSignIn: (application: string) => `to sign in to ${application}`,
  account: (organisation: string) => `Use your ${organisation} account.`,
  whoAreYou: 'Enter your work e-mail address.',
  whichOrganisation: 'Choose your organisation.',
  name: 'E-mail address or user name',
  userName: 'User name',
  password: 'Password',
  continue: 'Continue',
  cancel: 'Cancel',
  otherAccount: 'Use another account',
  chooseAccount: 'Choose an account',
  continueAs: (username: string) => `Continue as ${username}`,
  redirect: 'Signing you in…',
  redirectLead: (organisation: string) => `Connecting to ${organisation}…`,
  usePassword: 'Use your password instead',
  withoutPassword: 'Sign in without a password',
  changePassword: 'Choose a new password',
  currentPassword: 'Current password',
  newPassword: 'New password',
  newPasswordAgain: 'Repeat new password',
  change: 'Change password and sign in',
  /** In the window title, which screen readers read first. */
  notSignedIn: (title: string) => `Problem · ${title}`,

  unknownRealm: 'No organisation matches this name. Enter your full work e-mail address.',
  missing: 'Enter your user name and password.',
  missingNew: 'Fill in all three passwords.',
  notTheSame: 'The new passwords do not match.',
  unchanged: 'The new password must differ from the current one.',
  forgedForm: 'The form did not come from this page. Try again.',
  changed: 'Your password has been changed. Sign in with the new one.',
  wrongCurrent: 'The user name or current password is wrong.',
  notReached: 'Signing in without a password is not available right now. Use your password.',
  notRecognised: 'You could not be signed in without a password. Use your password, and tell your help desk if this keeps happening.',
  tryAgainIn: (seconds: number) => `Try again in ${duration(seconds)}.`,

  ended: {
    title: 'This sign-in has ended',
    text: 'It was completed, has expired, or was started in another browser. Go back to the application and sign in again.',
  },
  nowhere: {
    title: 'Signing in is not possible at the moment',
    text: 'No organisation is set up for this application. Contact its administrator.',
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
