import type { BrowserName } from '../support/browser.js';

interface Difference {
  on: readonly BrowserName[];
  why: string;
}

const both = (why: string): Difference => ({ on: ['chromium', 'firefox'], why });

const PROBLEM =
  'the host answers with a page that says what is wrong, where a browser has no answer';
const UNFORGEABLE = 'the app is in a frame of ours, and no script can replace what says so';

/** The differences from localhost that are known, in which browsers, and why nothing is done about them. */
export const KNOWN: Readonly<Record<string, Difference>> = {
  'historyApi: ancestors of the page': both(UNFORGEABLE),
  'historyApi: the top': both(UNFORGEABLE),
  'frames: the parent is the top': both(UNFORGEABLE),
  'resources: the first resource': both('the shim comes first, unless more had come before it ran'),
  'resources: an entry: its size': {
    on: ['firefox'],
    why: 'Firefox does not count what a service worker answers',
  },
  'fetchMethod: a connection that is reset': both(PROBLEM),
  'xmlHttpRequest: events of one that is reset': both(PROBLEM),
  'xmlHttpRequest: the status of one that is reset': both(PROBLEM),
  'fetchMethod: an answer that is cut': {
    on: ['firefox'],
    why: 'Firefox names the error of a body behind a service worker so',
  },
  'fetchMethod: keepalive': {
    on: ['firefox'],
    why: 'Firefox shows such a request to no service worker',
  },
  'fetching: the cache mode force-cache': both('nothing that comes through a tunnel is cached'),
  'fetching: a redirect without a place': {
    on: ['chromium'],
    why: 'Chromium takes an empty Location for none, but not from a service worker',
  },
  'cookies: a script can’t write over one that is HttpOnly': both(
    'HttpOnly cookies are in the host’s jar, and the browser does not know of them',
  ),
  'frames: refused by its headers': both('the shell has to frame the page, and so can the app'),
  'frames: talks with a sandboxed one': both(
    'a frame without an origin has no service worker, and plain HTTP wants the key',
  ),
};
