/**
 * What both programs need and what is independent of their domain: coded errors, log, settings, backoff, semaphore, lifecycle, network
 * addresses. Code that only one of the programs uses does not belong here.
 */
export { addressGroup, addressGroups } from './address-group.ts';
export { type Backoff, type BackoffOptions, createBackoff, sleep } from './backoff.ts';
export { CodedError, errorText } from './coded-error.ts';
export { type CommandLineOptions, createCommandLine, runCommandLine } from './command-line.ts';
export { canonicalRange, createIpRanges, type IpRanges } from './ip-ranges.ts';
export { parseJson } from './json.ts';
export { type Lifecycle, runUntilStopped } from './lifecycle.ts';
export { createLiveCounters, type LiveCounters } from './live-counters.ts';
export { createLog, type Log, type LogCopy, type LogFormat, type LogLevel, type LogOptions } from './log.ts';
export { type LogFile, type LogFileOptions, openLogFile } from './log-file.ts';
export { createLogWindow, type LogFilter, type LogRecord, type LogWindow } from './log-window.ts';
export { MINIMUM_NODE_VERSION, warnIfNodeIsOutdated } from './node-version.ts';
export { printable, printableLines } from './printable.ts';
export { createSemaphore, type Semaphore, SemaphoreError, type SemaphoreOptions, type SemaphoreRejection } from './semaphore.ts';
export {
  inGroup,
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
export { requireTlsVerification, tlsVerificationWarning } from './tls-verification.ts';
