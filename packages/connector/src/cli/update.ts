/** `landbridge-connector update`: verifies the newest package of the hub or of a folder; archives are installed, tried, and rolled back if they fail. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PACKAGES_PATH } from '@landbridge/protocol';
import { CodedError, sleep } from '@landbridge/runtime';
import { z } from 'zod';
import { readConfigFile } from '../config/config-file.ts';
import { findHome } from '../config/home.ts';
import { type Config, withSettingsFile } from '../config/load.ts';
import { readRunningFile } from '../config/running-file.ts';
import { createOutbound } from '../network/outbound.ts';
import { findInstallation, requireProtectedFolder, unpackBeside } from '../update/installation.ts';
import { CONNECTOR_UNIT, mainProcessOf } from '../update/service-unit.ts';
import { chooseSignedPackage, type ReadPublished, readVerified } from '../update/signed-package.ts';
import { runTrial, type TrialPlan, trialPlan } from '../update/trial.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';

interface Options {
  from?: string;
  allowDowngrade?: boolean;
  restart?: string;
  trialSeconds: string;
  trial?: string;
}

const MAX_TRIAL_SECONDS = 3600;
const DOWNLOAD_MS = 10 * 60_000;
const trialResult = z.object({ updated: z.boolean(), text: z.string() });

/** @returns the exit code. @throws CodedError UPDATE_… */
export async function update({ home, environment }: CommandContext, options: Options): Promise<number> {
  if (options.trial !== undefined) return await trial(options.trial);
  // Root may run this command. It writes nothing in the home, which belongs to the account of the service.
  const place = { home: findHome(home), environmentOnly: environment.OVERRIDE_CONFIG === 'false' };
  const config = withSettingsFile(place, place.environmentOnly ? {} : readConfigFile(place.home.configFile), environment);
  const publicKey = trustedKey(config);
  const mainFile = process.argv[1] ?? '';
  const installation = findInstallation(mainFile, CONNECTOR_VERSION);
  requireProtectedFolder(installation.format === 'archive' ? dirname(installation.path) : process.cwd());
  const read = options.from === undefined ? fromHub(config) : fromFolder(resolve(options.from));
  const chosen = await chooseSignedPackage(read, {
    publicKey,
    installed: CONNECTOR_VERSION,
    format: installation.format,
    platform: process.platform,
    arch: process.arch,
    allowDowngrade: options.allowDowngrade === true,
  });
  const content = await readVerified(read, chosen);
  if (installation.format !== 'archive') {
    const file = resolve(chosen.name);
    writeFileSync(file, content, { flag: 'wx', mode: 0o644 });
    process.stdout.write(`Signature and sum are correct: ${file}\nInstall it: ${INSTALL[installation.format]} ${file}\n`);
    return 0;
  }
  const running = readRunningFile(home);
  if (running?.online !== true) {
    throw new CodedError('UPDATE_NOT_ONLINE', 'The connector is not online, so nothing could tell whether the new version works', {
      action: 'Start the connector, wait until its hub accepts it, and try again.',
    });
  }
  const limitMs = z.coerce.number().int().min(1).max(MAX_TRIAL_SECONDS).parse(options.trialSeconds) * 1000;
  const service = serviceToRestart(options.restart);
  const newFolder = unpackBeside(installation.path, chosen.version, content);
  const plan: TrialPlan = {
    ...{ home, path: installation.path, newFolder, ...service, limitMs },
    ...{ oldVersion: CONNECTOR_VERSION, newVersion: chosen.version },
  };
  return await startTrial(mainFile, plan);
}

const INSTALL: Readonly<Record<string, string>> = { deb: 'apt install', rpm: 'dnf install', msi: 'msiexec /i' };

/** The key must not come from a file that the account of the service can write: root may run the update. @throws CodedError UPDATE_KEY_MISSING */
function trustedKey({ values, origins }: Config): string {
  const pinned = join(import.meta.dirname, 'update.pub');
  if (values.UPDATE_PUBLIC_KEY !== undefined && origins.UPDATE_PUBLIC_KEY === 'environment') return values.UPDATE_PUBLIC_KEY;
  if (existsSync(pinned)) return readFileSync(pinned, 'utf8');
  throw new CodedError('UPDATE_KEY_MISSING', 'No key is known with which the packages must be signed', {
    action: 'Set UPDATE_PUBLIC_KEY in the environment to the public key of the publisher. config.json is not trusted for it.',
  });
}

function fromHub({ values }: Config): ReadPublished {
  const hub = values.AD_HUB ?? values.PROVISIONING_TICKET;
  const base = values.UPDATE_URL ?? (hub === undefined ? undefined : `${new URL(hub.replace(/^ws/i, 'http')).origin}${PACKAGES_PATH}`);
  if (base === undefined) {
    throw new CodedError('UPDATE_NOT_FOUND', 'The connector has no hub to ask for packages', {
      action: 'Set it up first, or use --from with a folder that contains the packages.',
    });
  }
  const outbound = createOutbound(values);
  return async (name, maxBytes) => {
    const { status, body } = await outbound.download(`${base.replace(/\/+$/, '')}/${name}`, { timeoutMs: DOWNLOAD_MS, maxBytes });
    if (status === 200) return body;
    throw new CodedError('UPDATE_NOT_FOUND', `${new URL(base).host} answered ${status} for ${name}`, {
      action: status === 302 ? 'Set UPDATE_URL to the address that PACKAGES_URL of the hub has.' : 'Set PACKAGES_DIR at the hub.',
    });
  };
}

function fromFolder(folder: string): ReadPublished {
  return async (name, maxBytes) => {
    try {
      if (statSync(join(folder, name)).size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
      return await readFile(join(folder, name));
    } catch (cause) {
      throw new CodedError('UPDATE_NOT_FOUND', `${join(folder, name)} cannot be read`, {
        cause,
        action: 'Put the packages, SHA256SUMS and SHA256SUMS.minisig into one folder.',
      });
    }
  };
}

/**
 * Nothing that the account of the service writes may choose what root restarts.
 *
 * @throws CodedError UPDATE_SERVICE_UNKNOWN
 */
function serviceToRestart(given: string | undefined): Pick<TrialPlan, 'restart' | 'unit'> {
  if (given !== undefined) return { restart: ['/bin/sh', '-c', given] };
  if (mainProcessOf(CONNECTOR_UNIT) !== undefined) return { restart: ['systemctl', 'restart', CONNECTOR_UNIT], unit: CONNECTOR_UNIT };
  throw new CodedError('UPDATE_SERVICE_UNKNOWN', `The connector does not run as ${CONNECTOR_UNIT} of systemd`, {
    action: 'Give the command that restarts it with --restart.',
  });
}

/** Starts the trial outside this session and the service, and waits for its result. */
async function startTrial(mainFile: string, plan: TrialPlan): Promise<number> {
  const planFile = `${plan.path}.trial.json`;
  const resultFile = `${planFile}.result`;
  rmSync(resultFile, { force: true });
  writeFileSync(planFile, JSON.stringify(plan), { mode: 0o600 });
  const args = [...process.execArgv, mainFile, 'update', '--home', plan.home, '--trial', planFile];
  const isSystemd = process.getuid?.() === 0 && existsSync('/run/systemd/system');
  const log = openSync(`${planFile}.log`, 'w', 0o600);
  const [program, programArgs] = isSystemd
    ? ['systemd-run', ['--collect', '--quiet', `--unit=landbridge-connector-trial-${process.pid}`, process.execPath, ...args]]
    : [process.execPath, args];
  spawn(program, programArgs, { detached: true, stdio: ['ignore', log, log] }).unref();
  closeSync(log);
  process.stderr.write(`Version ${plan.newVersion} is tried. Without success it is rolled back, also if this command is interrupted.\n`);
  const deadline = performance.now() + 2 * plan.limitMs;
  while (!existsSync(resultFile) && performance.now() < deadline) await sleep(250);
  if (!existsSync(resultFile)) throw new CodedError('UPDATE_UNFINISHED', 'The trial has not ended', { action: `See ${planFile}.log.` });
  const { updated, text } = trialResult.parse(JSON.parse(readFileSync(resultFile, 'utf8')));
  process.stdout.write(`${text}\n`);
  return updated ? 0 : 1;
}

async function trial(planFile: string): Promise<number> {
  const result = await runTrial(trialPlan.parse(JSON.parse(readFileSync(planFile, 'utf8'))));
  const beside = `${planFile}.result.unfinished`;
  writeFileSync(beside, JSON.stringify(result), { mode: 0o600 });
  renameSync(beside, `${planFile}.result`);
  return result.updated ? 0 : 1;
}
