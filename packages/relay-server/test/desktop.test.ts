import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { clipboardSequence, copyText, openUrl } from '../src/cli/terminal/desktop.js';
import { scratchFolder } from './support/scratch.js';

const LINK = 'http://abc.localhost:8787/?a=1&b=2#k=x';

/** A machine with these programs only; each may write to `$out`. */
function machine(platform: NodeJS.Platform, bodies: Record<string, string>) {
  const folder = scratchFolder();
  const out = join(folder, 'out');
  for (const [name, body] of Object.entries(bodies)) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
  }
  const written = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '');
  return { desktop: { platform, env: { PATH: folder, out } }, written };
}

test('the first program that is there and succeeds takes the text', async () => {
  const { desktop, written } = machine('linux', {
    'wl-copy': 'exit 1',
    xsel: 'read -r line; echo "$1 $line" > "$out"',
  });
  expect(await copyText(`${LINK}\n`, desktop)).toBe(true);
  expect(written()).toBe(`-ib ${LINK}\n`);
});

test('a URL is one argument, and no shell reads it', async () => {
  const { desktop, written } = machine('darwin', { open: 'echo "$# $1" > "$out"' });
  expect(await openUrl(LINK, desktop)).toBe(true);
  expect(written()).toBe(`1 ${LINK}\n`);
});

test.each(['linux', 'aix'] as const)('without a program for it %s says no', async (platform) => {
  const { desktop } = machine(platform, {});
  expect([await copyText('x', desktop), await openUrl(LINK, desktop)]).toEqual([false, false]);
});

test('a terminal is given the text in base64, so that nothing in it is a sequence', () => {
  expect(clipboardSequence('a\u0007b')).toBe('\u001b]52;c;YQdi\u0007');
});
