/** Version 13: sign-ins by minute and hour, for charts that survive a restart. */
export const signInHistory = `
  CREATE TABLE sign_in_periods (
    connection TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    began INTEGER NOT NULL,
    results TEXT NOT NULL,
    latencies TEXT NOT NULL,
    PRIMARY KEY (connection, minutes, began)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sign_in_periods_from ON sign_in_periods (minutes, began);
`;
