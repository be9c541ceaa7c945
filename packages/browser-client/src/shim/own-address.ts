import { inSession } from '../shared/loopback.js';
import { beforeCall } from './before-call.js';
import { onNavigate, type Page } from './navigations.js';

/** The elements that take a document by themselves, and the one that moves all relative URLs. */
const EMBEDS = 'iframe[src], frame[src], embed[src], object[data], base[href]';
const LINKS = 'a[href], area[href]';

/** Documents that have this; browsers keep the window of a frame's first, empty document for the next one. */
const kept = new WeakSet<Document>();

/**
 * Keeps within the session what leads to the app by its address on the developer's machine (`appPort`): the browser
 * would ask the reviewer's own machine.
 */
export function keepOwnAddress(page: Page, appPort: number): void {
  const { document } = page;
  if (kept.has(document)) return;
  kept.add(document);
  // The address of a frame that a script has made says nothing.
  const { origin, port } = location;
  const toSession = (url: unknown): string | undefined =>
    inSession(String(url), { origin, port, base: document.baseURI }, appPort);
  const turn = (element: Element | null | undefined, name: string): void => {
    const target = toSession(element?.getAttribute(name) ?? '');
    if (target !== undefined) element?.setAttribute(name, target);
  };
  turnLinksAndForms(page, turn);
  turnEmbeds(page, turn);
  turnArguments(page, toSession);
  onNavigate(page, (event) => {
    const target = toSession(event.destination.url);
    if (target === undefined || !event.cancelable || event.formData !== null) return;
    event.preventDefault();
    if (event.navigationType === 'replace') page.location.replace(target);
    else page.location.assign(target);
  });
}

/** Points an attribute of an element at the session, if it names the app. */
type Turn = (element: Element | null | undefined, attribute: string) => void;

/** At the moment of use, before the app's own listeners: routers compare a link with the page's address. */
function turnLinksAndForms(page: Page, turn: Turn): void {
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
    for (const name of element.matches('base') ? ['href'] : ['src', 'data']) turn(element, name);
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
