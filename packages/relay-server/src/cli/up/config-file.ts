import { resolve } from 'node:path';
import * as z from 'zod';
import { ConfigError, NoSmallFile, readSmallFile, type OptionDescription } from '@wingman/node-kit';
import { isSessionLabel } from '@wingman/protocol';
import { shareOptions } from '../../config.js';
import { HOST_LIMITS } from '../../limits.js';
import { meantBy } from '../../slip.js';
import { nameInFiles } from '../options.js';

/** Where `wingman up` looks, in the directory that it is called in. */
export const CONFIG_FILE = 'wingman.config.json';

/** Files like this one are committed, and what they say is everybody's. */
const SECRETS = ['token', 'basicAuth'];

const options = shareOptions.filter(({ setting }) => !SECRETS.includes(setting));
const byName = new Map(options.map((option) => [nameInFiles(option), option]));

const scalar = z.union([z.string(), z.number()]);

/** A flag is true or false, a list may be an array, and everything else is written as it would be typed. */
function valueOf({ isRepeatable, meaning, option }: OptionDescription): z.ZodType {
  const isList = isRepeatable || option.endsWith('s>');
  const value = isList ? z.union([scalar, z.array(scalar)]) : scalar;
  const typed = option.includes('<') ? value : z.boolean();
  const whole = option.startsWith('--no-') ? `When false: ${meaning}` : meaning;
  return typed.optional().describe(whole);
}

const settings = Object.fromEntries([...byName].map(([name, option]) => [name, valueOf(option)]));

const PORT = 'Local port to share, or an address on localhost with the page to begin at.';
const FOLDER = 'Folder of files to share, beside this file.';
const RUN =
  'Command that serves the app: words with blanks between them, or a list of words. It is started and ended with the session.';

const app = z.strictObject({
  port: scalar.optional().describe(PORT),
  folder: z.string().min(1).optional().describe(FOLDER),
  run: z
    .union([z.string().min(1), z.array(z.string()).min(1)])
    .optional()
    .describe(RUN),
  ...settings,
});

const file = z.strictObject({
  $schema: z.string().optional().describe('Where editors find what may stand here.'),
  ...settings,
  apps: z
    .record(z.string(), app)
    .describe('What is shared, by names of your own: each app has its session and URL.'),
});

/** One app of the file, before its settings are read. */
export interface PlannedApp {
  readonly name: string;
  /** Where the file says so: exactly one of these, but for a command on a port. */
  readonly port: string | undefined;
  readonly folder: string | undefined;
  readonly run: readonly string[] | undefined;
  /** By the setting's name, as typed: the app's own win over those of the whole file. */
  readonly given: Readonly<Record<string, string>>;
}

/** The JSON schema (draft 2020-12) of the file, for editors. */
export function configFileSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(file, { io: 'input' });
  return `${JSON.stringify({ $schema, title: 'What wingman up shares', ...rest }, undefined, 2)}\n`;
}

/** The apps that a directory's file names; throws ConfigError with the file, the key and the cure. */
export function readConfigFile(directory: string): PlannedApp[] {
  const content = file.safeParse(parse(textOf(resolve(directory, CONFIG_FILE))));
  if (!content.success) throw mistake(content.error.issues[0]);
  const { apps, ...common } = content.data;
  const planned = Object.entries(apps).map(([name, own]) => plan(name, own, common, directory));
  if (planned.length === 0)
    throw fault('apps', 'names no app', '"apps": { "shop": { "port": 3000 } }');
  return planned;
}

function textOf(path: string): string {
  try {
    const found = readSmallFile(path, HOST_LIMITS.dotenvBytes);
    if (found !== undefined) return found.text;
  } catch (error) {
    if (error instanceof NoSmallFile) throw new ConfigError(error.message);
    throw error;
  }
  throw new ConfigError(
    `there is no ${CONFIG_FILE} here. A good one: { "apps": { "shop": { "port": 3000 } } }`,
  );
}

/** V8 says where the mistake is: as a position in characters, and newer ones by line. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message)?.[1];
    const line = at === undefined ? '' : `, line ${text.slice(0, Number(at)).split('\n').length}`;
    throw new ConfigError(
      `${CONFIG_FILE}${line}: no JSON (${message}). Names stand in double quotes, and no comma before a closing bracket.`,
    );
  }
}

function fault(path: string, what: string, good: string): ConfigError {
  return new ConfigError(`${CONFIG_FILE}, ${path}: ${what}. A good value: ${good}`);
}

function mistake(issue: z.core.$ZodIssue | undefined): ConfigError {
  const path = issue?.path.map(String) ?? [];
  const where = `${CONFIG_FILE}, ${path.join('.') || 'at the top'}`;
  if (issue?.code === 'unrecognized_keys')
    return new ConfigError(`${where}: ${unknown(issue.keys, path.length === 0)}`);
  if (path.join('.') === 'apps')
    return fault('apps', 'is missing, or no list by names', '"apps": { "shop": { "port": 3000 } }');
  const meaning = byName.get(path.at(-1) ?? '')?.meaning ?? issue?.message ?? '';
  return new ConfigError(`${where} is not valid. ${meaning}`);
}

/** What is said of keys that may not stand there, with what may. */
function unknown(keys: readonly string[], isAtTop: boolean): string {
  const known: string[] = isAtTop ? file.keyof().options : app.keyof().options;
  const meant = meantBy(keys[0] ?? '', known);
  const others =
    meant === undefined ? `What may stand there: ${known.join(', ')}.` : `Is ${meant} meant?`;
  const isSecret = keys.some((key) => SECRETS.includes(key));
  const cure = isSecret ? 'Secrets stand in the environment or in .env.' : others;
  return `${keys.join(', ')} is not known. ${cure}`;
}

type Entries = Readonly<Record<string, unknown>>;

function plan(
  name: string,
  own: z.infer<typeof app>,
  common: Entries,
  directory: string,
): PlannedApp {
  const { port, folder, run, ...rest } = own;
  const path = `apps.${name}`;
  if (!isSessionLabel(name))
    throw fault(path, 'the name is not valid', 'a-z, 0-9 and inner hyphens');
  const sources = [run ?? port, folder].filter((source) => source !== undefined);
  if (sources.length !== 1) throw fault(path, 'needs one of port, folder and run', '"port": 3000');
  return {
    name,
    port: port === undefined ? undefined : String(port),
    folder: folder === undefined ? undefined : resolve(directory, folder),
    run: typeof run === 'string' ? run.trim().split(/\s+/) : run,
    given: { ...asTyped(common), ...asTyped(rest) },
  };
}

function asTyped(entries: Entries): Record<string, string> {
  const typed = Object.entries(entries).flatMap(([name, value]): [string, string][] => {
    const setting = byName.get(name)?.setting;
    if (setting === undefined) return [];
    return [[setting, Array.isArray(value) ? value.join(',') : String(value)]];
  });
  return Object.fromEntries(typed);
}
