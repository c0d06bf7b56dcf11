/** The MSI of the connector: made by wixl from its source, then completed with SQL, so that versions 0.101 and later of wixl give the same. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { normalize } from '../archive.ts';
import { runTool } from '../run-tool.ts';
import { ANSWERS } from './answers.ts';
import { fileIdOf, installerSource, nameBasedGuid, SERVICE_HOST_FILE, UPGRADE_CODE } from './installer-source.ts';

export interface MsiOptions {
  /** Everything in it is installed. */
  folder: string;
  version: string;
  /** The library with the actions. */
  installerActions: string;
  epoch: number;
}

/** @param file is created or replaced */
export function makeMsi(file: string, { folder, version, installerActions, epoch }: MsiOptions): void {
  const around = dirname(folder);
  normalize(folder, epoch);
  // Another content is another product, even with the same version: a new Node.js needs no new version of the connector.
  const content = contentHash(folder, installerActions);
  const productCode = nameBasedGuid(`product ${version} ${content}`);
  const source = `${folder}.wxs`;
  const summary = `${folder}.idt`;
  writeFileSync(source, installerSource(folder, { version, productCode, installerActions: relative(around, installerActions) }));
  writeFileSync(summary, summaryInformation(version, nameBasedGuid(`package ${version} ${content}`), epoch));
  rmSync(file, { force: true });
  // wixl takes relative paths only.
  runTool('wixl', ['--arch', 'x64', '--output', file, source], { cwd: around });
  runTool('msibuild', [file, ...completion(version).flatMap((query) => ['-q', query])]);
  runTool('msibuild', [file, '-i', summary]);
  for (const each of [source, summary]) rmSync(each);
}

function contentHash(folder: string, installerActions: string): string {
  const hash = createHash('sha256').update(readFileSync(installerActions));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(`\n${relative(folder, path)}\n`).update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex');
}

/** Bits of the type of an action (Windows Installer, "Custom Action Types"). */
const FROM_LIBRARY = 1;
const FROM_INSTALLED_PROGRAM = 18;
const IN_BACKGROUND = 64 + 128;
const DEFERRED_AS_SYSTEM = 1024 + 2048;
const HIDDEN_IN_LOG = 8192;

/** @returns SQL for what wixl 0.101 cannot express */
function completion(version: string): string[] {
  const answers = ANSWERS.map(({ property }) => property);
  const isInstalling = 'NOT REMOVE~="ALL"';
  const properties = {
    // Without this, the log of the installer contains them. ApplyAnswers has all answers.
    MsiHiddenProperties: [...ANSWERS.filter(({ isSecret }) => isSecret).map(({ property }) => property), 'ApplyAnswers'].join(';'),
    // Every file is replaced. Windows Installer would keep a node.exe with a version for one whose version the MSI does not state, and then remove it.
    REINSTALLMODE: 'amus',
    ARPNOMODIFY: '1',
  };
  const actions: [string, number, string, string][] = [
    ['CollectAnswers', FROM_LIBRARY, 'InstallerActions', 'CollectAnswers'],
    ['AwaitProgramEnd', FROM_LIBRARY + DEFERRED_AS_SYSTEM, 'InstallerActions', 'AwaitProgramEnd'],
    ['ConfigureService', FROM_LIBRARY + DEFERRED_AS_SYSTEM, 'InstallerActions', 'ConfigureService'],
    ['ApplyAnswers', FROM_LIBRARY + DEFERRED_AS_SYSTEM + HIDDEN_IN_LOG, 'InstallerActions', 'ApplyAnswers'],
    ['OpenConsole', FROM_INSTALLED_PROGRAM + IN_BACKGROUND, fileIdOf(SERVICE_HOST_FILE), 'console'],
  ];
  const sequence = (table: string, action: string, condition: string, number: number) =>
    `INSERT INTO \`${table}\` (\`Action\`, \`Condition\`, \`Sequence\`) VALUES ('${action}', '${condition}', ${number})`;
  return [
    ...Object.entries(properties).map(
      ([name, value]) => `INSERT INTO \`Property\` (\`Property\`, \`Value\`) VALUES ('${name}', '${value}')`,
    ),
    // Only these reach the part that runs as the system. wixl has written the first.
    `UPDATE \`Property\` SET \`Value\` = '${['NEWER_FOUND', 'OLDER_FOUND', ...answers].join(';')}' WHERE \`Property\` = 'SecureCustomProperties'`,
    // A package of the same version replaces an installed one, too (1: features stay selected, 256 and 512: both limits are included).
    `INSERT INTO \`Upgrade\` (\`UpgradeCode\`, \`VersionMin\`, \`VersionMax\`, \`Attributes\`, \`ActionProperty\`) VALUES ('{${UPGRADE_CODE}}', '0.0.0', '${version}', 769, 'OLDER_FOUND')`,
    "UPDATE `ServiceInstall` SET `Dependencies` = 'Tcpip[~][~]' WHERE `ServiceInstall` = 'Service'",
    // Minimized, because a window would only flash.
    "UPDATE `Shortcut` SET `ShowCmd` = 7 WHERE `Shortcut` = 'Console'",
    ...actions.map(
      ([name, type, from, target]) =>
        `INSERT INTO \`CustomAction\` (\`Action\`, \`Type\`, \`Source\`, \`Target\`) VALUES ('${name}', ${type}, '${from}', '${target}')`,
    ),
    sequence('InstallExecuteSequence', 'CollectAnswers', '', 1010),
    sequence('InstallExecuteSequence', 'AwaitProgramEnd', 'Installed', 1950),
    sequence('InstallExecuteSequence', 'ConfigureService', isInstalling, 5810),
    // Not in a repair: all users may repair, with any answers, and the new directory would get the password of the service account.
    sequence('InstallExecuteSequence', 'ApplyAnswers', 'ApplyAnswers AND NOT Installed', 5820),
    // Only after an installation with windows, and not if it is configured already.
    sequence('InstallUISequence', 'OpenConsole', 'NOT Installed AND NOT OLDER_FOUND', 1310),
    // The program folder at the end of PATH (*: of the machine, =: created, -: removed with the component).
    'CREATE TABLE `Environment` (`Environment` CHAR(72) NOT NULL, `Name` CHAR(255) NOT NULL LOCALIZABLE, `Value` CHAR(255) LOCALIZABLE, `Component_` CHAR(72) NOT NULL PRIMARY KEY `Environment`)',
    "INSERT INTO `Environment` (`Environment`, `Name`, `Value`, `Component_`) VALUES ('Path', '=-*PATH', '[~];[ProgramFolder]', 'cMenu')",
    sequence('InstallExecuteSequence', 'RemoveEnvironmentStrings', '', 3300),
    sequence('InstallExecuteSequence', 'WriteEnvironmentStrings', '', 5200),
  ];
}

/** The properties of the file (Windows Installer, "Summary Property Descriptions") without random ids and the current time. */
function summaryInformation(version: string, packageCode: string, epoch: number): string {
  const time = new Date(epoch * 1000).toISOString().replace(/-/g, '/').replace('T', ' ').slice(0, 19);
  const rows = [
    [1, 1252],
    [2, 'Installation Database'],
    [3, `Landbridge Connector ${version}`],
    [4, 'Landbridge'],
    [5, 'Installer'],
    [7, 'x64;1033'],
    [9, `{${packageCode}}`],
    [12, time],
    [13, time],
    [14, 500],
    // Compressed, long file names.
    [15, 2],
    [18, 'Landbridge'],
    // Read-only recommended.
    [19, 2],
  ];
  const head = 'PropertyId\tValue\r\ni2\tl255\r\n_SummaryInformation\tPropertyId\r\n';
  return head + rows.map(([id, value]) => `${id}\t${value}\r\n`).join('');
}
