import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ReadyInfo, Reporter } from '../src/cli/reporter.js';
import type { Screen } from '../src/cli/terminal/screen.js';
import { sessionKeys, type KeyedSession } from '../src/cli/terminal/session-keys.js';
import { Entrance } from '../src/entry/entrance.js';
import type { ViewerInfo } from '../src/tunnel/host-types.js';

const URL_OF_SESSION = 'https://s.tunnel.example/#k=abc';
const INFO = {
  ...{ url: URL_OF_SESSION, server: 'https://tunnel.example', port: 3000, alsoPorts: [] },
  ...{ label: 'localhost:3000', expiresAt: 0, maxViewers: 10, page: '0'.repeat(64) },
  p2p: { enabled: true, engine: 'node-datachannel' },
  ingress: { mode: 'off' },
  entry: { asksPassphrase: false, asksDeveloper: false, isReadOnly: false },
} as unknown as ReadyInfo;
const TAB = { viewer: 'abcdef' } as ViewerInfo;

let entrance: Entrance;
let shown: string[];
let told: unknown[];
let viewers: ViewerInfo[];
let stopped: number;
let columns: number;

beforeEach(() => {
  entrance = new Entrance({ asksDeveloper: true });
  [shown, told, viewers, stopped, columns] = [[], [], [], 0, 80];
});

/** Presses a key as the keyboard does: with what was typed at its question. */
function press(name: string, typed = ''): void {
  keyOf(name).press(typed);
}

function keyOf(name: string) {
  const screen = {
    write: (text: string) => void shown.push(text),
    now: () => new Date(0),
    ...{ columns, hasKeys: true, color: false },
  } as unknown as Screen;
  const reporter = {
    notice: (text: string) => void told.push(text),
    viewers: (all: unknown[]) => void told.push(['viewers', all.length]),
    visitors: (all: { number: number; standing: string }[]) =>
      void told.push(all.map(({ number, standing }) => `${number} ${standing}`)),
  } as unknown as Reporter;
  const hosts = { viewers, main: { commons: { entrance } } } as KeyedSession['hosts'];
  const stop = (): void => void (stopped += 1);
  const keys = sessionKeys({ info: INFO, hosts, screen, reporter, stop });
  const found = keys.find(({ key }) => key === name);
  if (found === undefined) throw new Error(`there is no key ${name}`);
  return found;
}

const visit = (...ids: string[]): void => {
  for (const id of ids) entrance.visit(id, 'curl/8');
};

describe('keys that show something', () => {
  test('? lists every key once, with what it does', () => {
    press('?');
    const lines = shown.join('').trim().split('\n');
    const keys = lines.map((line) => line.trim()[0]);
    expect(keys.join('')).toBe('coqivpard?x');
    expect(lines.every((line) => /^ *\S {2}\w/.test(line))).toBe(true);
  });

  test('q shows a code to scan, or why there is none', () => {
    press('q');
    expect(shown.join('')).toContain(URL_OF_SESSION);
    shown = [];
    columns = 20;
    press('q');
    expect(shown).toEqual(['  The QR code needs a wider terminal.\n']);
  });

  test('d shows the details', () => {
    press('d');
    expect(shown.join('')).toMatch(/direct +on[\s\S]*k=abc/);
  });

  test('i says that there is no inspector, where there is none', () => {
    press('i');
    expect(told).toEqual(['There is no inspector in this session.']);
  });
});

describe('v, the list of who is here', () => {
  test('says that nobody is', () => {
    press('v');
    expect(told).toEqual(['Nobody is here now.', ['viewers', 0]]);
  });

  test('has tabs, and visitors who wait or were refused', () => {
    viewers = [TAB];
    visit('ann', 'ben', 'cleo');
    entrance.accept(2);
    entrance.refuse(3);
    press('v');
    expect(told).toEqual([
      ['viewers', 1],
      ['1 waiting', '3 refused'],
    ]);
  });
});

describe('a and r, with a visitor’s number', () => {
  const standings = (): string => entrance.visitors.map(({ standing }) => standing).join(' ');

  test('let in, refuse and remove; Enter alone means who has waited longest', () => {
    visit('ann', 'ben', 'cleo');
    press('a', '2');
    press('a');
    press('r');
    expect(standings()).toBe('admitted admitted refused');
    press('r', '1');
    expect(standings()).toBe('refused admitted refused');
    // The lines of the visitors say it: nothing more is told.
    expect(told).toEqual([]);
  });

  test('show the list for a number that nobody has', () => {
    visit('ann');
    press('a', '9');
    press('r', 'x');
    expect(told).toEqual([['1 waiting'], ['1 waiting']]);
  });

  test('say what they have done in a session that asks nobody to be let in', () => {
    entrance = new Entrance();
    visit('ann');
    press('r', '1');
    press('a', '1');
    expect(told).toEqual([
      'Removed, with all that was under way. a lets them in again.',
      'Let in again.',
    ]);
  });

  test('ask for a number, with those that may be meant', () => {
    const ask = (name: string): string | undefined => keyOf(name).asks?.();
    expect(ask('a')).toBe('Accept which visitor (none yet)?');
    visit('ann', 'ben');
    expect(ask('r')).toBe('Remove which visitor (1, 2, Enter alone for 1)?');
    entrance.accept(1);
    expect(ask('a')).toBe('Accept which visitor (2, Enter alone for 2)?');
    entrance.accept(2);
    // Nobody waits: everybody may be meant, and nobody by Enter alone.
    expect(ask('r')).toBe('Remove which visitor (1, 2)?');
  });

  test('ask with no more numbers than fit a line', () => {
    visit(...'abcdefghijkl');
    expect(keyOf('a').asks?.()).toBe(
      'Accept which visitor (1, 2, 3, 4, 5, 6, 7, 8, Enter alone for 1)?',
    );
  });
});

test('p pauses, and goes on', () => {
  press('p');
  expect(entrance.isPaused).toBe(true);
  press('p');
  expect(entrance.isPaused).toBe(false);
  expect(told.map((text) => String(text).split(':')[0])).toEqual(['Paused', 'Going on']);
});

test('x stops sharing', () => {
  press('x');
  expect(stopped).toBe(1);
});
