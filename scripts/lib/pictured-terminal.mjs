// A real `wingman` in a pseudo-terminal, and its screen as a page to be photographed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { escapeHtml } from '../../packages/protocol/dist/index.js';
import { within } from './within.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const cli = path.join(root, 'packages/relay-server/bin/wingman.js');
const pseudo = path.join(root, 'packages/relay-server/test/support/pseudo-terminal.py');

const CTRL_C = '\u0003';

/**
 * Starts it; `shows` waits for a text or a pattern on the screen, and `kill` leaves it no time to say goodbye. `through` are words before
 * the command.
 */
export function startTerminal(
  args,
  { columns, rows },
  { through = [], cwd, env = process.env } = {},
) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const size = [String(columns), String(rows)];
  const command = [pseudo, ...size, ...through, process.execPath, cli, ...args];
  const child = spawn('python3', command, {
    ...{ cwd, env: { ...env, TERM: 'xterm-256color', CI: '' } },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  // It may have ended when it is told to.
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk) => terminal.write(chunk));
  const { active } = terminal.buffer;
  const row = (index) => active.getLine(index)?.translateToString(true) ?? '';
  const screen = () => Array.from({ length: rows }, (_, index) => row(active.baseY + index));
  const lines = () => {
    const whole = [];
    for (let index = 0; index < active.baseY + rows; index++) {
      const isVisible = index >= active.baseY;
      const line = active.getLine(index)?.isWrapped ? whole.pop().text + row(index) : row(index);
      whole.push({ text: line, isVisible });
    }
    return whole.filter(({ isVisible }) => isVisible).map(({ text }) => text);
  };
  const has = (what) => {
    const text = screen().join('');
    return typeof what === 'string' ? text.includes(what) : what.test(text);
  };
  return {
    screen,
    /** Those of which a part is on the screen, wrapped ones put together. */
    lines,
    type: (keys) => void child.stdin.write(keys),
    shows: (what) =>
      within(`the terminal shows ${what}`, () => has(what)).catch((error) => {
        throw new Error(`${error.message}:\n${screen().join('\n')}`);
      }),
    /** Ends it in good order, with what it has started. */
    stop: async () => {
      child.stdin.write(CTRL_C);
      await within('it has stopped', () => child.exitCode !== null).catch(() => killAll(child.pid));
      await gone;
      terminal.dispose();
    },
    kill: async () => {
      killAll(child.pid);
      await gone;
      terminal.dispose();
    },
  };
}

/** Ends the command before its terminal, whose end would tell it to stop in good order. */
function killAll(pid) {
  const list = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
  for (const child of children.filter(Boolean)) process.kill(Number(child), 'SIGKILL');
}

/** The page of a screen. */
export function terminalPage(screen, { columns, rows }) {
  const shown = screen.slice(-rows).map((line) => escapeHtml(line) || ' ');
  return `<!doctype html><html lang="en"><style>
    body { margin: 0; height: 100vh; display: grid; place-items: center; background: #14171c; color: #e6e9ee }
    pre { margin: 0; width: ${columns}ch; height: ${rows * 1.3}em; font: 14px/1.3 'DejaVu Sans Mono', monospace }
  </style><pre>${shown.join('\n')}</pre></html>`;
}
