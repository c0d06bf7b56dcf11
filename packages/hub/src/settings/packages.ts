/** Packages that the hub offers. */
import { inGroup, setting } from '@landbridge/runtime';

export const PACKAGE_SETTINGS = {
  ...inGroup('Packages', {
    PACKAGES_DIR: {
      type: setting.text(),
      description:
        'A folder with packages: the output of `npm run package`. The hub offers the files that its `SHA256SUMS` lists at `/packages/`, to everyone without a password, and shows administrators how to install them. It looks for a newer list every minute.',
    },
    PACKAGES_URL: {
      type: setting.url('https', 'http'),
      description:
        'Instead of `PACKAGES_DIR`: the address of a folder with the same files. `/packages/` redirects to it. Connectors do not follow redirects, so set their `UPDATE_URL` to it.',
    },
  }),
};
