import { SHELL_API, type ShellApi } from '../shared/shell-api.js';

/** What a page may do to its window: the app's page does it to the tab's window. */
const OF_THE_TAB = ['close', 'moveBy', 'moveTo', 'resizeBy', 'resizeTo'] as const;

/**
 * Gives the app's main document what a top-level page has: its opener, its name, itself as parent.
 * `window.top` can't be replaced (HTML section 7.2.3.1, LegacyUnforgeable): it stays the shell.
 */
export function actAsTop(page: Window & typeof globalThis, tab: Window, shell: ShellApi): void {
  const own = (name: string, accessors: PropertyDescriptor): void => {
    Object.defineProperty(page, name, { configurable: true, enumerable: true, ...accessors });
  };
  own('opener', {
    get: () => openerOf(tab, shell),
    set: (value: unknown) => void (tab.opener = value),
  });
  own('name', { get: () => tab.name, set: (value: string) => void (tab.name = value) });
  own('parent', {
    get: () => (tab.parent === tab ? page : parentOf(tab, shell)),
    set: (value: unknown) => own('parent', { value, writable: true }),
  });
  own('frameElement', { get: () => null });
  for (const name of OF_THE_TAB) {
    const native = Reflect.get(tab, name) as () => unknown;
    const apply = (_: unknown, _self: unknown, args: []): unknown =>
      Reflect.apply(native, tab, args);
    own(name, { value: new Proxy(native, { apply }), writable: true });
  }
}

/**
 * Shows another tab's window as the source of messages from the app in that tab. The tab's window is
 * what `window.open` has returned, and what scripts compare the source with.
 */
export function showTabsAsSources(
  realm: Window & typeof globalThis,
  tab: Window,
  shell: ShellApi,
): void {
  const { prototype } = realm.MessageEvent;
  const native = Object.getOwnPropertyDescriptor(prototype, 'source');
  /** Frames of this tab, which stay in it as long as they live. */
  const inner = new WeakSet<object>([realm]);
  Object.defineProperty(prototype, 'source', {
    ...native,
    get(this: MessageEvent): unknown {
      const source = native?.get?.call(this) as MessageEventSource | null;
      if (source === null || inner.has(source)) return source;
      if (source === tab.opener) return openerOf(tab, shell);
      if (!('top' in source) || source.top === null) return source;
      if (source.top !== tab) return tabOf(source, source.top);
      inner.add(source);
      return source;
    },
  });
}

/** The tab of ours in which a window shows the app; any other window itself. */
function tabOf(source: Window, top: Window): Window {
  try {
    return top !== source && SHELL_API in top && top[0] === source ? top : source;
  } catch {
    // The tab is of another origin.
    return source;
  }
}

const standIns = new WeakMap<object, Window>();

/** The window that has opened this tab, as the app may use it. */
function openerOf(tab: Window, shell: ShellApi): unknown {
  const opener = tab.opener as Window | null;
  if (opener === null || canReach(opener)) return opener;
  const standIn = standIns.get(opener) ?? standInFor(opener, shell.postToOpener);
  standIns.set(opener, standIn);
  return standIn;
}

/** The window around the frame in which a page of another port shows the shell. */
function parentOf(tab: Window, shell: ShellApi): Window {
  const { parent } = tab;
  const standIn = standIns.get(parent) ?? standInFor(parent, shell.postToParent);
  standIns.set(parent, standIn);
  return standIn;
}

function canReach(window: Window): boolean {
  try {
    return window.location.href !== '';
  } catch {
    return false;
  }
}

/** Stands for a window of another site, which knows the shell's window only: the shell posts from there. */
function standInFor(window: Window, post: (...args: unknown[]) => void): Window {
  return new Proxy(window, {
    get(target, key) {
      if (key === 'postMessage') return post;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
}
