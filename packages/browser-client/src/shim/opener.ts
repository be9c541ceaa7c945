import type { ShellApi } from '../shared/shell-api.js';

const standIns = new WeakMap<object, Window>();

/** The window that has opened this tab, as the app may use it. */
export function openerOf(tab: Window, shell: ShellApi): unknown {
  const opener = tab.opener as Window | null;
  if (opener === null || canReach(opener)) return opener;
  const standIn = standIns.get(opener) ?? standInFor(opener, shell);
  standIns.set(opener, standIn);
  return standIn;
}

function canReach(window: Window): boolean {
  try {
    return window.location.href !== '';
  } catch {
    return false;
  }
}

/** An opener of another site knows this tab's window only: what is posted to it has to come from there. */
function standInFor(opener: Window, shell: ShellApi): Window {
  return new Proxy(opener, {
    get(target, key) {
      if (key === 'postMessage') return shell.postToOpener.bind(shell);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
}
