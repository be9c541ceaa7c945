import { framedUrl } from '../shared/framed.js';
import { inSession, type LocalAddresses } from '../shared/loopback.js';
import { beforeCall } from './before-call.js';
import { onNavigate, type Page } from './navigations.js';

/** The elements that take a document by themselves, and the one that moves all relative URLs. */
const EMBEDS = 'iframe[src], frame[src], embed[src], object[data], base[href]';
const LINKS = 'a[href], area[href]';

/** Documents that have this; browsers keep the window of a frame's first, empty document for the next one. */
const kept = new WeakSet<Document>();

/** Finds the place in the session that a URL means, for a tab or for a frame. */
type ToSession = (url: unknown, forFrame: boolean) => string | undefined;

/**
 * Keeps within the session what leads to a port by its address on the developer's machine: the browser would ask the
 * reviewer's own machine. `isMain` says whether the page is the app's main document, which stands for the tab.
 */
export function keepOwnAddress(page: Page, addresses: LocalAddresses, isMain: boolean): void {
  const { document } = page;
  if (kept.has(document)) return;
  kept.add(document);
  // The address of a frame that a script has made says nothing.
  const { origin } = location;
  const toSession: ToSession = (url, forFrame) => {
    const target = inSession(String(url), { origin, base: document.baseURI }, addresses);
    if (target === undefined || !forFrame || new URL(target).origin === origin) return target;
    return framedUrl(target);
  };
  const turn: Turn = (element, name, forFrame) => {
    const target = toSession(element?.getAttribute(name) ?? '', forFrame);
    if (target !== undefined) element?.setAttribute(name, target);
  };
  turnLinksAndForms(page, (element, name) => {
    const isHere = /^(?:_self)?$/.test(element?.getAttribute('target') ?? '');
    turn(element, name, !isMain && isHere);
  });
  turnEmbeds(page, turn);
  turnArguments(page, (url) => toSession(url, false));
  onNavigate(page, (event) => {
    const target = toSession(event.destination.url, !isMain);
    if (target === undefined || !event.cancelable || event.formData !== null) return;
    event.preventDefault();
    if (event.navigationType === 'replace') page.location.replace(target);
    else page.location.assign(target);
  });
}

/** Points an attribute of an element at the session, if it names the app. */
type Turn = (element: Element | null | undefined, attribute: string, forFrame: boolean) => void;

/** At the moment of use, before the app's own listeners: routers compare a link with the page's address. */
function turnLinksAndForms(
  page: Page,
  turn: (element: Element | null | undefined, attribute: string) => void,
): void {
  const linked = ({ target }: Event): void => {
    const link = target instanceof page.Element ? target.closest(LINKS) : null;
    turn(link, 'href');
  };
  for (const type of ['click', 'auxclick', 'contextmenu'])
    page.addEventListener(type, linked, true);
  page.addEventListener(
    'submit',
    (event) => {
      turn(event.target as Element, 'action');
      turn(event.submitter, 'formaction');
    },
    true,
  );
  // A form that a script submits has no event.
  const { prototype } = page.HTMLFormElement;
  beforeCall(prototype, 'submit', (_, form) => turn(form as Element, 'action'));
}

/** As soon as they are in the document. The browser has begun with their first address by then. */
function turnEmbeds(page: Page, turn: Turn): void {
  const turned = (element: Element): void => {
    const isBase = element.matches('base');
    for (const name of isBase ? ['href'] : ['src', 'data']) turn(element, name, !isBase);
  };
  const look = (node: Node): void => {
    if (!(node instanceof page.Element)) return;
    if (node.matches(EMBEDS)) turned(node);
    node.querySelectorAll(EMBEDS).forEach(turned);
  };
  const observer = new page.MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes') look(target);
      else addedNodes.forEach(look);
    }
  });
  // The `href` of links changes far more often than that of a <base>, which is turned as it comes.
  const attributeFilter = ['src', 'data'];
  observer.observe(page.document, { childList: true, subtree: true, attributeFilter });
}

/** The URLs that scripts hand to functions. */
function turnArguments(page: Page, toSession: (url: unknown) => string | undefined): void {
  const turnArgument = (target: object, name: string, index: number): void =>
    beforeCall(target, name, (args) => {
      const url = args[index] ?? undefined;
      const turned = url === undefined ? undefined : toSession(url);
      if (turned !== undefined) args[index] = turned;
    });
  turnArgument(page, 'open', 0);
  turnArgument(page.history, 'pushState', 2);
  turnArgument(page.history, 'replaceState', 2);
}
