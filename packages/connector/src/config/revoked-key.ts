/** What to do about a revoked key: hub link, provisioning, checks and console give the same advice. */
export const REPLACE_KEY =
  'run "landbridge-connector setup --new-certificate" with a new ticket, or use "Replace the certificate" on the status page of the console';
