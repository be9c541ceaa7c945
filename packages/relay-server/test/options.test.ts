import { expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addSettings, typedSettings } from '../src/cli/options.js';
import { shareOptions } from '../src/config.js';

/** Parses a command line of `wingman share` as the program does. */
function typed(...args: string[]): Record<string, string> {
  const command = new Command().argument('<port>').exitOverride();
  addSettings(command, shareOptions).parse(['3000', ...args], { from: 'user' });
  return typedSettings(command, shareOptions);
}

test('what was not typed is left to the environment and the defaults', () => {
  expect(typed()).toEqual({});
});

test('each option speaks for its setting, as typed', () => {
  expect(typed('--expires', '30m', '--max-viewers', '2', '--turn', 'turn:a')).toEqual({
    sessionTtlMs: '30m',
    maxViewers: '2',
    turnUrls: 'turn:a',
  });
});

test('a mere flag is the value of its variable', () => {
  expect(typed('--no-p2p')).toEqual({ p2pEnabled: 'false' });
});

test('a list can be one option or several', () => {
  expect(typed('--also', '8080,8081', '--also', '9000')).toEqual({ alsoPorts: '8080,8081,9000' });
});

test('of an option that is no list the last one counts', () => {
  expect(typed('--name', 'one', '--name', 'two')).toEqual({ name: 'two' });
});

test('help gives the meaning and the default of the setting', () => {
  const command = addSettings(new Command(), shareOptions);
  const help = command.helpInformation().replace(/\s+/g, ' ');
  for (const { option, meaning, default: value } of shareOptions) {
    expect(help).toContain(`${option} ${meaning}`);
    if (value !== '') expect(help).toContain(`(default: ${value})`);
  }
});
