/** What the MSI installs, as source for wixl: files, service, start menu, event source. `msi.ts` adds what wixl cannot express. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

export const SERVICE_NAME = 'LandbridgeConnector';
export const SERVICE_HOST_FILE = 'landbridge-connector-service.exe';
/** Of all ids of the MSI, which depend on names only. It never changes, or Windows Installer would not recognise earlier versions. */
const NAMESPACE = Buffer.from('5b3a3bd26a5b4c0b9a7be3f6b4f1a0c2', 'hex');
export const UPGRADE_CODE = nameBasedGuid('upgrade code of landbridge-connector');
const EVENT_SOURCE = `SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\${SERVICE_NAME}`;

export interface InstallerContent {
  /** Three numbers: Windows Installer compares no more. */
  version: string;
  productCode: string;
  /** The library with the actions. */
  installerActions: string;
}

/** A UUID of version 5 (RFC 9562, section 5.5), in upper case as Windows Installer wants it. */
export function nameBasedGuid(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    .toUpperCase();
}

/** A package of the same version replaces an installed one. @returns the source, for files below `folder` */
export function installerSource(folder: string, { version, productCode, installerActions }: InstallerContent): string {
  const components: string[] = [];
  const component = (id: string, content: string) => {
    components.push(id);
    return `<Component Id="${id}" Guid="${nameBasedGuid(`component ${id}`)}" Win64="yes">${content}</Component>`;
  };
  const fileComponent = (path: string) => {
    const source = relative(folder, path);
    const id = idOf(source);
    const file = `<File Id="${fileIdOf(source)}" Name="${xml(basename(path))}" Source="${xml(join(basename(folder), source))}" KeyPath="yes" />`;
    return component(`c${id}`, source === SERVICE_HOST_FILE ? `${file}${service()}` : file);
  };
  const folderContent = (path: string): string =>
    readdirSync(path, { withFileTypes: true })
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((entry) => {
        const child = join(path, entry.name);
        if (!entry.isDirectory()) return fileComponent(child);
        return `<Directory Id="d${idOf(relative(folder, child))}" Name="${xml(entry.name)}">${folderContent(child)}</Directory>`;
      })
      .join('\n');
  const program = folderContent(folder);
  const menu = component('cMenu', menuContent());
  return `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="${productCode}" Name="Landbridge Connector" Version="${version}" Manufacturer="Landbridge" Language="1033" UpgradeCode="${UPGRADE_CODE}">
<Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine" Description="Landbridge Connector ${version}" />
<Upgrade Id="${UPGRADE_CODE}">
<UpgradeVersion Property="NEWER_FOUND" Minimum="${version}" IncludeMinimum="no" OnlyDetect="yes" />
</Upgrade>
<Condition Message="A newer version of Landbridge Connector is installed. To go back, remove it first. Its settings are kept.">Installed OR NOT NEWER_FOUND</Condition>
<Condition Message="Landbridge Connector needs a 64-bit Windows 10, Windows Server 2016 or later.">Installed OR (VersionNT64 &gt;= 603)</Condition>
<!-- Within the transaction: if the new version cannot be installed, the old one comes back. -->
<InstallExecuteSequence><RemoveExistingProducts After="InstallInitialize" /></InstallExecuteSequence>
<Binary Id="InstallerActions" SourceFile="${xml(installerActions)}" />
<Media Id="1" Cabinet="files.cab" EmbedCab="yes" />
<Directory Id="TARGETDIR" Name="SourceDir">
<Directory Id="ProgramFiles64Folder"><Directory Id="VendorFolder" Name="Landbridge"><Directory Id="ProgramFolder" Name="Connector">
${program}
</Directory></Directory></Directory>
<Directory Id="ProgramMenuFolder"><Directory Id="MenuFolder" Name="Landbridge Connector">${menu}</Directory></Directory>
</Directory>
<Feature Id="Connector" Level="1" Title="Landbridge Connector">${components.map((id) => `<ComponentRef Id="${id}" />`).join('')}</Feature>
</Product>
</Wix>
`;
}

/** The service host sets the rest, such as recovery actions: Windows Installer has no working tables for it. */
function service(): string {
  return `<ServiceInstall Id="Service" Name="${SERVICE_NAME}" DisplayName="Landbridge Connector" Type="ownProcess" Start="auto" ErrorControl="normal" Vital="yes" Account="NT SERVICE\\${SERVICE_NAME}" Arguments="run" />
<ServiceControl Id="ServiceControl" Name="${SERVICE_NAME}" Start="install" Stop="both" Remove="uninstall" Wait="yes" />
<RegistryValue Root="HKLM" Key="${EVENT_SOURCE}" Name="EventMessageFile" Type="string" Value="[ProgramFolder]${SERVICE_HOST_FILE}" />
<RegistryValue Root="HKLM" Key="${EVENT_SOURCE}" Name="TypesSupported" Type="integer" Value="7" />`;
}

function menuContent(): string {
  const shortcut = (id: string, name: string, target: string, more: string) =>
    `<Shortcut Id="${id}" Name="${name}" Target="[ProgramFolder]${target}" WorkingDirectory="ProgramFolder" ${more}/>`;
  return `${shortcut('Console', 'Console', SERVICE_HOST_FILE, 'Arguments="console" ')}
${shortcut('Troubleshoot', 'Troubleshoot', 'troubleshoot.cmd', '')}
<RemoveFolder Id="RemoveMenuFolder" On="uninstall" />
<RegistryValue Root="HKLM" Key="SOFTWARE\\Landbridge\\Connector" Name="ProgramFolder" Type="string" Value="[ProgramFolder]" KeyPath="yes" />`;
}

/** @param path below the installed folder */
export function fileIdOf(path: string): string {
  return `f${idOf(path)}`;
}

function idOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 20);
}

function xml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
