import type { OptionDescription } from '@wingman/node-kit';
import { Option, type Command } from 'commander';

/** Adds the options that a group of settings has, described as the settings are. */
export function addSettings(command: Command, options: readonly OptionDescription[]): Command {
  for (const described of options) command.addOption(optionOf(described));
  return command;
}

/** What was typed of them, by the setting's name. */
export function typedSettings(
  command: Command,
  options: readonly OptionDescription[],
): Record<string, string> {
  const typed = options.flatMap((described): [string, string][] => {
    const name = optionOf(described).attributeName();
    if (command.getOptionValueSource(name) !== 'cli') return [];
    const value: unknown = command.getOptionValue(name);
    // A mere flag has a boolean, which is the value of its variable.
    return [[described.setting, String(value)]];
  });
  return Object.fromEntries(typed);
}

/** The name of an option in a file or a program: `takeOver` for `--take-over`, `p2p` for `--no-p2p`. */
export function nameInFiles(described: OptionDescription): string {
  return optionOf(described).attributeName();
}

function optionOf({ option, meaning, default: value, isRepeatable }: OptionDescription): Option {
  const standard = value === '' ? '' : ` (default: ${value})`;
  const described = new Option(
    option,
    `${meaning}${isRepeatable ? ' Repeatable.' : ''}${standard}`,
  );
  return isRepeatable ? described.argParser(collect) : described;
}

function collect(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}
