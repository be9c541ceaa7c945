// A real `wingman` in a pseudo-terminal, and its screen as a page to be photographed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { escapeHtml } from '../../packages/protocol/dist/index.js';
import { within } from './within.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const cli = path.join(root, 'packages/relay-server/bin/wingman.js');
const pseudo = path.join(root, 'packages/relay-server/test/support/pseudo-terminal.py');

/** Starts it; `shows` waits for a text on the screen, and `kill` leaves it no time to say goodbye. */
export function startTerminal(args, { columns, rows }) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const command = [pseudo, String(columns), String(rows), process.execPath, cli, ...args];
  const child = spawn('python3', command, {
    env: { ...process.env, TERM: 'xterm-256color', CI: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (chunk) => terminal.write(chunk));
  const screen = () => {
    const { active } = terminal.buffer;
    const lines = Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row));
    return lines.map((line) => line?.translateToString(true) ?? '');
  };
  return {
    screen,
    type: (keys) => void child.stdin.write(keys),
    shows: (text) => within(`the terminal shows ${text}`, () => screen().join('').includes(text)),
    kill: () => killAll(child.pid),
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
