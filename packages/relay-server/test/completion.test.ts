import { execFileSync } from 'node:child_process';
import { Argument, Command } from 'commander';
import { expect, test } from '@jest/globals';
import { completionScript } from '../src/cli/completion.js';

function program(): Command {
  const made = new Command('wingman');
  made
    .command('share', { isDefault: true })
    .description('share a port')
    .option('--also <port>', "another's");
  made.command('server').description('run a server').option('--host <address>', 'address');
  made.command('admin').addArgument(new Argument('<action>').choices(['ban', 'drain']));
  return made;
}

function completed(words: readonly string[]): string[] {
  const script = `${completionScript('bash', program())}
COMP_WORDS=(wingman ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_wingman; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

test.each([
  [['ser'], ['server']],
  [['s'], ['share', 'server']],
  [['--'], ['--also']],
  [['3000', '--a'], ['--also']],
  [['server', '--'], ['--host']],
  [
    ['admin', ''],
    ['ban', 'drain'],
  ],
  [['server', '--x'], ['']],
])('bash completes %j', (words, expected) => {
  expect(completed(words)).toEqual(expected);
});

test('zsh uses what bash does', () => {
  expect(completionScript('zsh', program())).toMatch(
    /^autoload -U \+X bashcompinit && bashcompinit\n_wingman/,
  );
});

test('fish has a line for each command and option, with what it does', () => {
  const lines = completionScript('fish', program()).trim().split('\n');
  expect(lines).toEqual([
    "complete -c wingman -n __fish_use_subcommand -a share -d 'share a port'",
    "complete -c wingman -n '__fish_seen_subcommand_from share' -l also -r -d 'another\\'s'",
    "complete -c wingman -n __fish_use_subcommand -a server -d 'run a server'",
    "complete -c wingman -n '__fish_seen_subcommand_from server' -l host -r -d 'address'",
    "complete -c wingman -n __fish_use_subcommand -a admin -d ''",
    "complete -c wingman -n '__fish_seen_subcommand_from admin' -a ban",
    "complete -c wingman -n '__fish_seen_subcommand_from admin' -a drain",
    "complete -c wingman -n '__fish_use_subcommand' -l also -r -d 'another\\'s'",
  ]);
});
