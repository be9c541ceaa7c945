import { spawn } from 'node:child_process';
import { HOST_LIMITS } from '../../limits.js';

type Program = readonly [name: string, ...args: string[]];

/** The machine whose programs are used. */
export interface Desktop {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
}

/** What puts its input on the clipboard, by platform; the first that is there and succeeds. */
const COPIERS: Readonly<Partial<Record<NodeJS.Platform, readonly Program[]>>> = {
  darwin: [['pbcopy']],
  win32: [['clip']],
  linux: [['wl-copy'], ['xclip', '-selection', 'clipboard'], ['xsel', '-ib'], ['clip.exe']],
};

/** What opens a URL in the user's browser, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly Program[]>>> = {
  darwin: [['open']],
  // Explorer takes the URL as it is; `start` would have the command line read it.
  win32: [['explorer']],
  linux: [['xdg-open'], ['wslview']],
};

/** The sequence by which a terminal, also one at the other end of ssh, takes a text to its clipboard (OSC 52). */
export function clipboardSequence(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
}

/** Puts a text on the clipboard; false where no program for it succeeds. */
export function copyText(text: string, desktop: Desktop = process): Promise<boolean> {
  return runFirst(COPIERS[desktop.platform] ?? [], text, desktop);
}

/** Opens a URL in the user's browser; false where no program for it succeeds. */
export function openUrl(url: string, desktop: Desktop = process): Promise<boolean> {
  const programs = (OPENERS[desktop.platform] ?? []).map((program): Program => [...program, url]);
  return runFirst(programs, '', desktop);
}

async function runFirst(
  programs: readonly Program[],
  input: string,
  { env }: Desktop,
): Promise<boolean> {
  for (const program of programs) if (await runs(program, input, env)) return true;
  return false;
}

/** Whether a program is there and has not failed by the deadline: one that runs on does what it should. */
function runs([name, ...args]: Program, input: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(name, args, { env, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    const deadline = setTimeout(() => resolve(true), HOST_LIMITS.desktopMs);
    const done = (isDone: boolean): void => {
      clearTimeout(deadline);
      resolve(isDone);
    };
    child.once('error', () => done(false));
    child.once('exit', (code) => done(code === 0));
    // It may end without reading.
    child.stdin.on('error', () => undefined).end(input);
    child.unref();
  });
}
