/** The texts of the provider's own pages, in English. */
export const PROVIDER_TEXTS = {
  confirmSignOut: {
    title: 'Sign out?',
    question: 'You will be signed out here and in the applications that you signed in to from here.',
    yes: 'Sign out',
    onlyOf: (application: string) => `Only sign out of ${application}`,
  },
  signedOut: {
    title: (application: string | undefined) => (application === undefined ? 'You are signed out' : `You are signed out of ${application}`),
    text: 'You can close this window.',
  },
  device: {
    title: 'Sign in on a device',
    label: 'Code',
    advice: 'Enter the code that your device shows.',
    wrong: 'This code is wrong or no longer valid. Check it, or start again on the device.',
    next: 'Continue',
    confirm: 'Sign in on this device?',
    question: (application: string | undefined) => `${application ?? 'A device'} wants to sign in with your account. Its code is:`,
    sameCode:
      'Continue only if your own device shows this code now. If someone else sent it to you, they would get access to your account.',
    yes: 'Continue',
    no: 'Cancel',
    done: 'Your device is signed in',
    doneText: (application: string | undefined) => `${application ?? 'It'} continues in a moment. You can close this window.`,
  },
  onward: { title: 'One moment…', link: 'Continue' },
  failed: {
    title: 'Something went wrong',
    text: 'The application sent an invalid request. Go back to it and try again.',
    forDevelopers: 'For its developers:',
  },
} as const;
