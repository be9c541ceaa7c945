import { nativeServiceWorkers } from '@wingman/app-worker/page';

type Realm = Window & typeof globalThis;
type Loader = HTMLImageElement | HTMLScriptElement | HTMLLinkElement;

/** An address of which every load fails. */
const NOTHING = 'blob:';

/**
 * Repeats through the page around a frame what the frame's images, scripts and style sheets could not load. Chromium
 * gives a document that a script has made no service worker, so these requests go past the tunnel, and no script hears
 * of them before. The result is to be called for each further document in the same window.
 */
export function repeatLoads(frame: Realm, page: Realm): () => void {
  const begun = new WeakSet<Loader>();
  let scripts: Promise<unknown> = Promise.resolve();
  const repeat = (event: Event): void => {
    const element = event.target as Loader;
    const url = addressOf(element);
    if (!String(url).startsWith(`${page.location.origin}/`) || begun.has(element)) return;
    if (nativeServiceWorkers(frame.navigator)?.controller) return;
    event.stopImmediatePropagation();
    begun.add(element);
    warn(page, url);
    const copy = copyOf(page, url);
    if (isScript(element)) {
      // They run in the order in which they have failed, which is that of the document.
      scripts = scripts.then(async () => run(frame, element, await copy));
    } else {
      void copy.then((address) => show(element, address, () => begun.delete(element)));
    }
  };
  const listen = (): void => frame.addEventListener('error', repeat, true);
  // `document.write` takes all listeners away before it makes new elements.
  const observer = new MutationObserver(listen);
  const watch = (): void => {
    listen();
    observer.observe(frame.document, { childList: true });
  };
  watch();
  return watch;
}

const isScript = (element: Element): element is HTMLScriptElement => element.localName === 'script';

/** Empty for what is none of these elements: scripts that throw have an `error` too. */
function addressOf(element: Loader): string {
  if (!/^(img|script|link)$/.test(element.localName)) return '';
  if ('href' in element) return element.href;
  return ('currentSrc' in element && element.currentSrc) || element.src;
}

/** The address at which every document of this origin can load the app's answer. */
async function copyOf(page: Realm, url: string): Promise<string> {
  try {
    const answer = await page.fetch(url);
    return answer.ok ? URL.createObjectURL(await answer.blob()) : NOTHING;
  } catch {
    return NOTHING;
  }
}

function show(element: Exclude<Loader, HTMLScriptElement>, address: string, end: () => void): void {
  onceLoaded(element, address, end);
  // The browser would choose from these instead.
  element.removeAttribute('srcset');
  element.setAttribute(element.localName === 'link' ? 'href' : 'src', address);
}

/** An element runs a script once, so another element runs this one, and its events are the first one's. */
function run(frame: Realm, script: HTMLScriptElement, address: string): void {
  const tell = (type: string): boolean => script.dispatchEvent(new frame.Event(type));
  try {
    const { ownerDocument, parentNode, nextSibling } = script;
    const copy = ownerDocument.createElement('script');
    for (const { name, value } of script.attributes) {
      if (!name.startsWith('on')) copy.setAttribute(name, value);
    }
    copy.async = false;
    copy.src = address;
    onceLoaded(copy, address, ({ type }) => {
      copy.remove();
      tell(type);
    });
    (parentNode ?? ownerDocument.head).insertBefore(copy, nextSibling);
  } catch {
    // The page lets only what its own policy has made into scripts (Trusted Types).
    tell('error');
  }
}

function onceLoaded(element: Loader, address: string, end: (event: Event) => void): void {
  const ended = (event: Event): void => {
    URL.revokeObjectURL(address);
    end(event);
  };
  element.addEventListener('load', ended, { once: true });
  element.addEventListener('error', ended, { once: true });
}

let isWarned = false;

function warn({ console }: Realm, url: string): void {
  if (isWarned) return;
  isWarned = true;
  console.warn(
    `wingman: a frame that a script has made has no service worker in this browser. What it loads is asked for past ` +
      `the tunnel first, as ${url} was, and then again through the tunnel. A frame with a srcdoc has one: set ` +
      `frame.srcdoc = '' and write into the frame once it has loaded.`,
  );
}
