import type { Command, Option } from 'commander';

/** The shells that can complete what is typed. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The script by which a shell completes commands and options, read from the program's own description. */
export function completionScript(shell: Shell, program: Command): string {
  if (shell === 'fish') return fish(program);
  return shell === 'zsh'
    ? `autoload -U +X bashcompinit && bashcompinit\n${bash(program)}`
    : bash(program);
}

function bash(program: Command): string {
  const name = program.name();
  const cases = program.commands.map(
    (command) =>
      `    ${command.name()}) words='${[...argumentsOf(command), words(optionsOf(command))].join(' ')}' ;;`,
  );
  const first = [...program.commands.map((command) => command.name()), words(standard(program))];
  return `_${name}() {
  local words current=\${COMP_WORDS[COMP_CWORD]}
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) words='${first.join(' ')}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function fish(program: Command): string {
  const name = program.name();
  const lines = program.commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.description())}`,
    ...argumentsOf(command).map(
      (choice) =>
        `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name()}' -a ${choice}`,
    ),
    ...fishOptions(name, `__fish_seen_subcommand_from ${command.name()}`, optionsOf(command)),
  ]);
  // A command that is left out is the standard one.
  return `${[...lines, ...fishOptions(name, '__fish_use_subcommand', standard(program))].join('\n')}\n`;
}

function fishOptions(name: string, when: string, options: readonly Option[]): string[] {
  return options.map(({ long, description, required }) => {
    const flags = `-l ${(long ?? '').replace(/^--/, '')}${required ? ' -r' : ''}`;
    return `complete -c ${name} -n ${quoted(when)} ${flags} -d ${quoted(description)}`;
  });
}

/** What may stand in place of an argument, where that is known. */
function argumentsOf({ registeredArguments }: Command): string[] {
  return registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function optionsOf(command: Command): Option[] {
  return command.options.filter(({ long, hidden }) => long !== undefined && !hidden);
}

/** Options of the first command, which is the one that is meant without a name. */
function standard({ commands: [first] }: Command): Option[] {
  return first === undefined ? [] : optionsOf(first);
}

function words(options: readonly Option[]): string {
  return options.map(({ long }) => long ?? '').join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
