import type { ShellApi } from '../shared/shell-api.js';
import { around } from './before-call.js';
import { actAsTop } from './top-window.js';

type Realm = Window & typeof globalThis;

/** Document Picture-in-Picture, section 3; not every engine has it. */
interface PictureInPicture extends EventTarget {
  requestWindow(...args: unknown[]): Promise<Window>;
}

/** A window that may have it. */
interface Page {
  readonly documentPictureInPicture?: PictureInPicture;
  readonly DocumentPictureInPictureEvent?: new (type: string, init: { window: Window }) => Event;
}

/**
 * Has the tab open picture-in-picture windows for the app's main page: browsers open them for top-level pages only.
 * `adopt` gives the shim to the window that the app gets.
 */
export function openPictureInPicture(
  page: Realm & Page,
  tab: Window & Page,
  shell: ShellApi,
  adopt: (window: Realm) => void,
): void {
  const { documentPictureInPicture: own, DocumentPictureInPictureEvent: EnterEvent } = page;
  const { documentPictureInPicture: ofTab } = tab;
  if (own === undefined || ofTab === undefined || EnterEvent === undefined) return;
  let outer: Window | undefined;
  let shown: Window | null = null;
  Object.defineProperty(own, 'window', { configurable: true, get: () => shown });
  // The browser ends such a window with the page that has opened it, which is ours.
  page.addEventListener('pagehide', () => outer?.close());
  around(own, 'requestWindow', async (_native, _self, args) => {
    const opened = await ofTab.requestWindow(...args);
    const window = await fill(opened, page);
    actAsTop(window, opened, shell);
    Object.defineProperty(window, 'opener', { value: page, configurable: true, writable: true });
    adopt(window);
    [outer, shown] = [opened, window];
    opened.addEventListener('pagehide', () => {
      if (outer === opened) [outer, shown] = [undefined, null];
    });
    setTimeout(() => own.dispatchEvent(new EnterEvent('enter', { window })));
    return window;
  });
}

/** A frame that fills a window: the window itself has the shell's policies, under which nothing of the app's would run. */
async function fill({ document }: Window, page: Realm): Promise<Realm> {
  const frame = document.createElement('iframe');
  frame.style.cssText = 'position:fixed;inset:0;width:100%;height:100%;border:0';
  document.body.append(frame);
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  // An empty document has the policies of the one that has led there.
  frame.contentWindow?.location.replace('about:blank');
  await loaded;
  const window = frame.contentWindow as Realm;
  if (page.document.compatMode === 'CSS1Compat') leaveQuirks(window.document);
  frame.focus();
  return window;
}

function leaveQuirks(empty: Document): void {
  try {
    empty.write('<!doctype html><body>');
    empty.close();
  } catch {
    // The app's policy takes no strings for markup (Trusted Types). The quirks are the lesser harm.
  }
}
