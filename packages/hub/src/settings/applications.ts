/** Applications that sign in their users with OpenID Connect. */
import { inGroup, setting } from '@landbridge/runtime';

export const APPLICATION_SETTINGS = {
  ...inGroup('Applications', {
    OIDC_SIGN_IN_HOURS: {
      type: setting.integer(1, 720),
      default: 10,
      description:
        'How long in hours a sign-in to applications lasts. After that the user enters the password again, and refresh tokens end. The hub cannot look up an account without its password, so a disabled account stays signed in this long.',
    },
  }),
};
