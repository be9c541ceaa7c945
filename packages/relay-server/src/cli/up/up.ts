import { ConfigError, type Environment } from '@wingman/node-kit';
import { shareConfig, type ShareConfig } from '../../config.js';
import { share } from '../share.js';
import { commandSource } from '../source/command.js';
import { folderSource } from '../source/folder.js';
import { portSource, type OpenSource } from '../source/source.js';
import { CONFIG_FILE, readConfigFile, type PlannedApp } from './config-file.js';

export { configFileSchema } from './config-file.js';

export interface UpRequest {
  /** Names of apps; none for all. */
  readonly names: readonly string[];
  readonly directory: string;
  readonly env: Environment;
  readonly json: boolean;
  readonly stop: AbortSignal;
}

/** An app with its settings read. */
interface ReadyApp {
  readonly name: string;
  readonly config: ShareConfig;
  readonly open: OpenSource;
}

/** Shares the apps of the directory's file until they end or are told to stop; resolves with the worst exit code. Rejects with ConfigError. */
export async function up({ names, directory, env, json, stop }: UpRequest): Promise<number> {
  const apps = appsOf(readConfigFile(directory), names, env);
  const areSeveral = apps.length > 1;
  const ends = apps.map(({ config, name, open }) =>
    share({ config, open, json, env, stop, ...(areSeveral ? { app: name } : {}) }),
  );
  return Math.max(...(await Promise.all(ends)));
}

/** Those that are wanted, with their settings; throws ConfigError before any of them is shared. */
export function appsOf(
  planned: readonly PlannedApp[],
  names: readonly string[],
  env: Environment,
): ReadyApp[] {
  const missing = names.find((name) => !planned.some((app) => app.name === name));
  if (missing !== undefined) {
    const known = planned.map(({ name }) => name).join(', ');
    throw new ConfigError(`${CONFIG_FILE} has no app ${missing}. It has: ${known}`);
  }
  const wanted = planned.filter(({ name }) => names.length === 0 || names.includes(name));
  const apps = wanted.map((app) => ready(app, env));
  if (apps.length > 1) demandApart(apps);
  return apps.map((app, index) => (index === 0 ? app : onAnyPort(app)));
}

function ready({ folder, given, name, port, run }: PlannedApp, env: Environment): ReadyApp {
  try {
    // A folder is served on a free port, and a command says itself where it listens.
    const config = shareConfig({ ...given, port: port ?? '1' }, env);
    return { name, config, open: openerOf({ folder, run }, port, config.port) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${CONFIG_FILE}, apps.${name}: ${error.message}`);
  }
}

function openerOf(
  { folder, run }: Pick<PlannedApp, 'folder' | 'run'>,
  asked: string | undefined,
  port: number,
): OpenSource {
  if (folder !== undefined) return folderSource(folder);
  if (run !== undefined) return commandSource(run, asked === undefined ? undefined : port);
  return portSource(port);
}

/** What several in one process can't share. */
function demandApart(apps: readonly ReadyApp[]): void {
  const names = new Map<string, string>();
  for (const { name, config } of apps) {
    if (config.asksDeveloper) {
      throw new ConfigError(
        `${CONFIG_FILE}, apps.${name}: approve is for one app at a time, else nobody could tell which one is meant. A good command: wingman up ${name}`,
      );
    }
    const other = config.name === undefined ? undefined : names.get(config.name);
    if (other !== undefined) {
      throw new ConfigError(
        `${CONFIG_FILE}, apps.${name}.name: apps.${other} has it too, and a name is that of one session. A good value: ${name}`,
      );
    }
    if (config.name !== undefined) names.set(config.name, name);
  }
}

/** The first one has the usual port of the tunnel server in this process. */
function onAnyPort(app: ReadyApp): ReadyApp {
  return { ...app, config: { ...app.config, tunnelPort: 0, isTunnelPortSet: false } };
}
