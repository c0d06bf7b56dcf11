/** Alerts, and the messages about them that are sent or still to be sent. */

export const ALERT_KINDS = ['connector', 'directory', 'expiry', 'spraying', 'audit'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];
export const ALERT_CHANNELS = ['webhook', 'mail'] as const;
export type AlertChannel = (typeof ALERT_CHANNELS)[number];

export interface StoredAlert {
  readonly id: string;
  /** What it is about. Only one alert with a key is open at a time. */
  readonly key: string;
  readonly kind: AlertKind;
  /** The connection's name, if it is about one. */
  readonly connection: string | undefined;
  readonly text: string;
  readonly raisedAt: Date;
  readonly resolvedAt: Date | undefined;
}

export interface AlertMessage {
  readonly alertId: string;
  readonly channel: AlertChannel;
  readonly event: 'raised' | 'resolved';
  readonly attempts: number;
  /** Undefined: sent, or given up. */
  readonly nextAt: Date | undefined;
  readonly sentAt: Date | undefined;
  /** Why the last attempt failed. */
  readonly failure: string | undefined;
}

export interface AlertStore {
  /** Adds an alert, and a message for each channel. @returns false if an alert with its key is open */
  raiseAlert(alert: StoredAlert, channels: readonly AlertChannel[]): Promise<boolean>;
  /** Ends an open alert, and adds a message for each channel. @returns false if it was not open */
  resolveAlert(id: string, at: Date, channels: readonly AlertChannel[]): Promise<boolean>;
  openAlerts(): Promise<StoredAlert[]>;
  /** The latest first. @param before only alerts raised earlier: the next page */
  alerts(limit: number, before?: Date): Promise<StoredAlert[]>;
  alertMessages(alertIds: readonly string[]): Promise<AlertMessage[]>;
  /** Messages to be sent now, the oldest first. The end of an alert waits for the message about its beginning. */
  dueAlertMessages(now: Date, limit: number): Promise<(AlertMessage & { alert: StoredAlert })[]>;
  updateAlertMessage(message: AlertMessage): Promise<void>;
  /** Removes alerts that ended before. */
  pruneAlerts(before: Date): Promise<void>;
}
