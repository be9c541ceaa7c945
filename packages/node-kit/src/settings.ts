import type * as z from 'zod';
import { visibleText } from './visible-text.js';

/** So much of a wrong value is shown: enough to know it again. */
const SHOWN_CHARS = 200;

/** One setting: where it comes from, what it means, and how its text is read. */
export interface Setting<T, Default extends string = string> {
  /** Environment variable; none for what only the command line knows. */
  readonly variable?: string;
  /** As `--help` shows it: with what follows it (`--expires <time>`), a mere flag (`--no-p2p`), or an argument (`<port>`). */
  readonly option?: string;
  /** What a mere flag does. The meaning describes the variable, which has a value. */
  readonly flagMeaning?: string;
  /** Whether the option may come several times, each with one item of the list. */
  readonly isRepeatable?: boolean;
  /** As written in `.env`; empty when there is none, and the setting's value is then undefined. */
  readonly default: Default;
  /** A value that would have been right, for the error. */
  readonly good: string;
  /** One sentence. */
  readonly meaning: string;
  /** Whether an error must not repeat the value. */
  readonly isSecret?: boolean;
  /** Reads a value that isn't empty. */
  readonly schema: z.ZodType<T, string>;
}

/** Keeps the type of a setting's value, and whether it has a default. */
export function setting<T, const Default extends string>(
  described: Setting<T, Default>,
): Setting<T, Default> {
  return described;
}

type Settings = Readonly<Record<string, Setting<unknown>>>;

type Value<Described> =
  Described extends Setting<infer T, infer Default>
    ? Default extends ''
      ? T | undefined
      : T
    : never;

/** The values of a group of settings, under the same names. */
export type Values<Group extends Settings> = {
  -readonly [Name in keyof Group]: Value<Group[Name]>;
};

/** What the command line has said, as typed; it wins over the environment. */
export type Given<Group extends Settings> = { readonly [Name in keyof Group]?: string | undefined };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value somebody has to correct: the message names where it came from and shows a good one. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
}

/** Reads every setting from the command line, the environment or its default; throws ConfigError at the first that isn't valid. */
export function readSettings<Group extends Settings>(
  group: Group,
  given: Given<Group>,
  env: Environment,
): Values<Group> {
  const values = Object.entries(group).map(([name, described]) => [
    name,
    readSetting(described, given[name], env),
  ]);
  // The compiler can't follow the types of values through entries.
  return Object.fromEntries(values) as Values<Group>;
}

/** Whether the command line or the environment has set it. */
export function isSet(
  described: Setting<unknown>,
  given: string | undefined,
  env: Environment,
): boolean {
  return (given ?? variableOf(described, env)) !== '';
}

/** One environment variable, as `.env.example` shows it. */
export interface VariableDescription {
  readonly name: string;
  /** As written in `.env`; empty when there is none. */
  readonly default: string;
  readonly meaning: string;
}

/** The environment variables of a group, for `.env.example` and the docs. */
export function variablesOf(group: Settings): VariableDescription[] {
  return Object.values(group).flatMap(({ variable, default: value, meaning }) =>
    variable === undefined ? [] : [{ name: variable, default: value, meaning }],
  );
}

/** One option of the command line, as `--help` shows it. */
export interface OptionDescription {
  /** The setting's name in its group. */
  readonly setting: string;
  readonly option: string;
  /** The environment variable that says the same; empty when there is none. */
  readonly variable: string;
  readonly meaning: string;
  /** Empty for a mere flag, and when there is none. */
  readonly default: string;
  readonly isRepeatable: boolean;
}

/** The options of a group, without its arguments. */
export function optionsOf(group: Settings): OptionDescription[] {
  return Object.entries(group).flatMap(([name, described]) => {
    const { option = '', variable = '', meaning, flagMeaning, isRepeatable = false } = described;
    if (!option.startsWith('--')) return [];
    const value = flagMeaning === undefined ? described.default : '';
    const rest = { variable, meaning: flagMeaning ?? meaning, default: value, isRepeatable };
    return [{ setting: name, option, ...rest }];
  });
}

function readSetting(
  described: Setting<unknown>,
  option: string | undefined,
  env: Environment,
): unknown {
  const text = option ?? (variableOf(described, env) || described.default);
  if (text === '' && option === undefined) return undefined;
  const result = described.schema.safeParse(text);
  if (result.success) return result.data;
  throw new ConfigError(explain(described, text, option !== undefined));
}

/** An empty variable is one that is not set. */
function variableOf({ variable }: Setting<unknown>, env: Environment): string {
  return variable === undefined ? '' : (env[variable] ?? '').trim();
}

function explain(described: Setting<unknown>, text: string, isOption: boolean): string {
  const { good, isSecret = false, meaning, option = '', variable = '' } = described;
  const [optionName = ''] = option.split(' ');
  const where = isOption ? optionName : variable;
  const shown = isSecret ? '' : ` "${visibleText(text.slice(0, SHOWN_CHARS))}"`;
  return `${where}${shown} is not valid. ${meaning} A good value: ${assignment(where)}${good}`;
}

/** What stands before a value: an argument such as `<port>` has no name to type. */
function assignment(where: string): string {
  if (where.startsWith('<')) return '';
  return where.startsWith('--') ? `${where} ` : `${where}=`;
}
