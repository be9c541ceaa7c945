import { jest } from '@jest/globals';
import { Window as DomWindow } from 'happy-dom';

export type Tab = Window & typeof globalThis;

/** What code that runs in a page finds without naming its window. */
const GLOBALS = [
  'window',
  'document',
  'location',
  'history',
  'navigator',
  'localStorage',
  'sessionStorage',
  'indexedDB',
  'FileReader',
  'CSSStyleSheet',
] as const;

const open: DomWindow[] = [];

/** A tab at a URL with a document; its members are the globals of the same names until `closeTabs`. */
export function openTab(url: string, html = ''): Tab {
  const dom = new DomWindow({ url });
  open.push(dom);
  dom.document.write(`<!doctype html><html><head></head><body>${html}</body></html>`);
  const tab = dom as unknown as Tab;
  for (const name of GLOBALS) setGlobal(name, tab[name]);
  return tab;
}

/** Ends what is under way in the tabs and takes them from the globals; for `afterEach`. */
export async function closeTabs(): Promise<void> {
  for (const dom of open.splice(0)) await dom.happyDOM.close();
  for (const name of GLOBALS) Reflect.deleteProperty(globalThis, name);
}

export function setGlobal(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** A storage that a browser keeps from the page. */
export const forbiddenStorage = new Proxy({} as Storage, {
  get: () => () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  },
});

/** The element, which has to be there. */
export function find<E extends Element = HTMLElement>(root: ParentNode, selector: string): E {
  const element = root.querySelector<E>(selector);
  if (element === null) throw new Error(`there is no ${selector}`);
  return element;
}

/** What was written as an error to the console, which stays silent. */
export function watchConsole(): unknown[] {
  const errors: unknown[] = [];
  jest.spyOn(console, 'error').mockImplementation((text) => void errors.push(text));
  return errors;
}
