import { SHELL_API, type ShellApi } from '../shared/shell-api.js';

/** A window with a shell in it. */
export type ShellWindow = Window & { readonly [SHELL_API]: ShellApi };

/** Where the app's main document keeps the window of its shell: its own `parent` says something else. */
const SHELL_WINDOW = Symbol.for('wingman.shell-window');

type Ancestor = Window & { [SHELL_API]?: ShellApi; [SHELL_WINDOW]?: ShellWindow };

/**
 * The window of the shell around a document: the tab's, or that of a frame in which another port's page shows this
 * one. Undefined when there is none.
 */
export function findShell(start: Window): ShellWindow | undefined {
  let inner: Ancestor = start;
  // A window whose frame was removed has no parent.
  for (let outer = parentOf(inner); outer && outer !== inner; outer = parentOf(inner)) {
    const found = shellAt(outer);
    if (found !== undefined) return found;
    inner = outer;
  }
  return undefined;
}

/** Tells the frames within the app's main document where its shell is. */
export function rememberShell(main: Window, shell: ShellWindow): void {
  Object.defineProperty(main, SHELL_WINDOW, { value: shell, configurable: true });
}

function parentOf({ parent }: Window): Ancestor | null | undefined {
  return parent;
}

function shellAt(window: Ancestor): ShellWindow | undefined {
  try {
    return window[SHELL_API] === undefined ? window[SHELL_WINDOW] : (window as ShellWindow);
  } catch {
    // It is of another origin.
    return undefined;
  }
}
