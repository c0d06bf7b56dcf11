/** What the provider's own pages say. English; other languages would stand beside it. */
export const PROVIDER_TEXTS = {
  confirmSignOut: {
    title: 'Sign out?',
    question: 'You will be signed out here, and of the applications that you signed in to from here.',
    yes: 'Sign out',
    onlyOf: (application: string) => `Only sign out of ${application}`,
  },
  signedOut: {
    title: (application: string | undefined) => (application === undefined ? 'You are signed out' : `You are signed out of ${application}`),
    text: 'You can close this window.',
  },
  onward: { title: 'One moment…', link: 'Continue' },
  failed: {
    title: 'This did not work',
    text: 'The application sent you here with a request that cannot be answered. Go back to it and try again.',
    forDevelopers: 'For its developers:',
  },
} as const;
