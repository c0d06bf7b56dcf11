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
  onward: { title: 'One moment…', link: 'Continue' },
  failed: {
    title: 'Something went wrong',
    text: 'The application sent an invalid request. Go back to it and try again.',
    forDevelopers: 'For its developers:',
  },
} as const;
