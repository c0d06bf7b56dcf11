/**
 * What connector and hub both need and that knows no domain: errors with codes, the log and what it must not say, settings,
 * waiting between tries, starting and stopping, places on the network. Nothing enters it that only one of the two programs uses.
 */
export { addressGroup } from './address-group.ts';
export { type Backoff, type BackoffOptions, createBackoff, sleep } from './backoff.ts';
export { CodedError, errorText } from './coded-error.ts';
export { canonicalRange, createIpRanges, type IpRanges } from './ip-ranges.ts';
export { type Lifecycle, runUntilStopped } from './lifecycle.ts';
export { createLog, type Log, type LogCopy, type LogFormat, type LogLevel, type LogOptions } from './log.ts';
export { type LogFile, type LogFileOptions, openLogFile } from './log-file.ts';
export { createLogWindow, type LogFilter, type LogRecord, type LogWindow } from './log-window.ts';
export { MINIMUM_NODE_VERSION, warnIfNodeIsOutdated } from './node-version.ts';
export { createSemaphore, type Semaphore, SemaphoreError, type SemaphoreOptions, type SemaphoreRejection } from './semaphore.ts';
export {
  type LoadedSettings,
  loadSettings,
  type Origin,
  type Setting,
  type SettingProblem,
  type SettingType,
  type SettingValues,
  setting,
  settingsReference,
} from './settings.ts';
