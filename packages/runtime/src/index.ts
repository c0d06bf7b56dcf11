/**
 * What both programs need and what is independent of their domain: coded errors, log, settings, backoff, semaphore, lifecycle, network
 * addresses. Code that only one of the programs uses does not belong here.
 */
export { addressGroup, addressGroups } from './address-group.ts';
export { createBackoff, sleep } from './backoff.ts';
export { CodedError, errorText } from './coded-error.ts';
export { createCommandLine, EXIT_CHANGED, runCommandLine } from './command-line.ts';
export { addExamples, allCommands, commandTree } from './command-tree.ts';
export { requireConfirmation, YES_OPTION } from './confirmation.ts';
export { withCredentials } from './credentials.ts';
export { createFrameProgress } from './frame-progress.ts';
export { canonicalRange, createIpRanges, type IpRanges } from './ip-ranges.ts';
export { parseJson } from './json.ts';
export { type JsonObject, parseJsonObject, withJsonChanges } from './json-object.ts';
export { runUntilStopped } from './lifecycle.ts';
export { createLiveCounters } from './live-counters.ts';
export { createLog, type Log, type LogCopy, type LogLevel } from './log.ts';
export { type LogFile, openLogFile } from './log-file.ts';
export { createLogWindow, type LogFilter, type LogRecord, type LogWindow } from './log-window.ts';
export { manPage } from './man-page.ts';
export { type NetworkAdvice, networkAdvice, timedOut } from './network-errors.ts';
export { MINIMUM_NODE_VERSION, warnIfNodeIsOutdated } from './node-version.ts';
export { printable, printableLines } from './printable.ts';
export { keepOwner, writePrivateFile } from './private-file.ts';
export { createHome, homeFolder } from './program-home.ts';
export { localUrl, whyNotReady } from './readiness.ts';
export { settingOfSecretFile, withoutLineEnd, withSecretFiles } from './secret-files.ts';
export { createSemaphore, type Semaphore, SemaphoreError, type SemaphoreRejection } from './semaphore.ts';
export { serviceCommand } from './service-command.ts';
export { environmentFileText, launcherText, type ServiceProgram } from './service-program.ts';
export {
  inGroup,
  loadSettings,
  type Origin,
  type Setting,
  type SettingProblem,
  type SettingType,
  type SettingValues,
  setting,
  settingsReference,
} from './settings.ts';
export { completionCommand, completionScript, type Shell } from './shell-completion.ts';
export { systemdHome, systemdUnit } from './systemd-unit.ts';
export { decodeText, errorCodeOf, filesIn, LET_READ, readTextFile, readTextIfExists } from './text-file.ts';
export { printTable, textTable } from './text-table.ts';
export { tlsVerificationWarning } from './tls-verification.ts';
export { type FileWatch, watchFiles } from './watch-files.ts';
