import type { Diagnosed } from './diagnosed.js';
import type { SocketRequest } from './exchange-messages.js';
import type { LocalAddresses } from './loopback.js';
import type { PageCookies } from './page-cookies.js';

/** What a document of the app tells its shell about itself. */
export interface DocumentReport {
  url: string;
  title: string;
  /** Absolute URL of the icon; null when the document names none, undefined while it is still being read. */
  icon: string | null | undefined;
  themeColor: string | null;
  /** Of its `<meta name="viewport">`; null when it has none, undefined while it is still being read. */
  viewport: string | null | undefined;
}

/** What a browser keeps for a page that it has shown before. */
export interface Past {
  /** As in `document.referrer`. */
  referrer: string;
  /** As in `history.state`. */
  state: unknown;
  /** How far it was scrolled, in CSS pixels. */
  scroll: [x: number, y: number] | null;
}

/** What the shell offers the shim in the documents it frames. */
export interface ShellApi extends LocalAddresses {
  /** Names this tab's shell for the service worker. */
  readonly tab: string;
  /** False in ingress mode: WebSockets then go to the server themselves. */
  readonly tunnels: boolean;
  openWebSocket(request: SocketRequest, port: MessagePort): void;
  report(report: DocumentReport): void;
  /** What was kept for the page at this URL; undefined when it isn't the tab's first page. */
  pastOf(url: string): Past | undefined;
  /** Saves the app's answer at this URL as a file; `name` comes from the link and may be empty. */
  download(url: string, name: string): void;
  /** Loads the tab again with or without cross-origin isolation; false when that would change nothing. */
  isolate(isOn: boolean): boolean;
  /** Posts to the opener of this tab in the name of the tab, because an opener on another site knows the top window only. */
  readonly postToOpener: (...args: unknown[]) => void;
  /** The same for the page of another port that has the shell in a frame. */
  readonly postToParent: (...args: unknown[]) => void;
  /** What the page about diagnostics looks at. */
  readonly parts: Diagnosed;
  /** A document sees these cookies now. */
  cookiesChanged(cookies: PageCookies): void;
}

/**
 * On this channel a shell says its tab when its tunnel worker has ended: a port to a worker that was
 * terminated stays silent for ever.
 */
export const TUNNEL_LOST_CHANNEL = 'wingman-tunnel-lost';

/** The database in which the shell keeps the link key. */
export const KEY_DATABASE = 'wingman.key';

/** Where the shell keeps its ShellApi on its window; registered symbols are the same in every frame. */
export const SHELL_KEY = 'wingman.shell';
export const SHELL_API = Symbol.for(SHELL_KEY);

/** Name of a `<meta>` that the service worker puts into a shell that a POST has opened. */
export const POSTED_MARK = 'wingman-posted';

/** The same in a shell that was served cross-origin isolated. */
export const ISOLATED_MARK = 'wingman-isolated';

/** The service worker has kept this shell from an earlier visit: what the server says of the session now may be another thing. */
export const KEPT_MARK = 'wingman-kept';

/** The same with the URL that the tab has come from as its content. */
export const REFERRER_MARK = 'wingman-referrer';

/** Whether the service worker has put this mark into the page. */
export function isMarked(
  page: { querySelector(selector: string): unknown },
  mark: string,
): boolean {
  return page.querySelector(`meta[name="${mark}"]`) !== null;
}
