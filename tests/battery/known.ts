import type { Engine } from '../support/browser.js';

/** Where a session is compared with localhost: in a browser with a tunnel, or in any browser by plain HTTP without one. */
export type Setting = Engine | 'plain';

interface Difference {
  on: readonly Setting[];
  why: string;
}

const all = (why: string): Difference => ({ on: ['chromium', 'firefox', 'webkit'], why });
const both = (why: string): Difference => ({ on: ['chromium', 'firefox'], why });
const webkit = (why: string): Difference => ({ on: ['webkit'], why });

const plain = (why: string): Difference => ({ on: ['plain'], why });

const ANSWERED =
  'whoever asks by plain HTTP, curl and webhooks too, is told by a 502 (RFC 9110 section 15.6.3)';
const UNCACHED = 'by its driver it has no HTTP cache: on localhost the app is asked each time';
const NOT_REDIRECTED =
  'WebKitGTK does not say so where a service worker answers what its redirect leads to';
const UNFORGEABLE = 'the app is in a frame of ours, and no script can replace what says so';

/** The differences from localhost that are known, where, and why nothing is done about them; by assertion or section. */
export const KNOWN: Readonly<Record<string, Difference>> = {
  'historyApi: ancestors of the page': all(UNFORGEABLE),
  'historyApi: the top': all(UNFORGEABLE),
  'frames: the parent is the top': all(UNFORGEABLE),
  'resources: the first resource': all('the shim comes first, unless more had come before it ran'),
  'resources: an entry: its size': {
    on: ['firefox', 'webkit'],
    why: 'they do not count what a service worker answers',
  },
  'fetchMethod: an answer that is cut': {
    on: ['firefox'],
    why: 'Firefox names the error of a body behind a service worker so',
  },
  'fetchMethod: keepalive': {
    on: ['firefox'],
    why: 'Firefox shows such a request to no service worker',
  },
  caching: webkit(UNCACHED),
  'fetching: the cache mode force-cache': webkit(UNCACHED),
  'cookies: a script can’t write over one that is HttpOnly': both(
    'HttpOnly cookies are in the host’s jar, and the browser does not know of them',
  ),
  'frames: refused by its headers': all('the shell has to frame the page, and so can the app'),
  'frames: talks with a sandboxed one': all(
    'a frame without an origin has no service worker, and plain HTTP wants the key',
  ),
  'frames: sandboxed with the same origin': webkit(
    'WebKitGTK gives a frame that may run no scripts no service worker, and plain HTTP wants the key',
  ),
  'xmlHttpRequest: upload events': webkit(
    'WebKitGTK tells of progress once more, before it knows how much there is to send',
  ),
  'fetchMethod: a connection that is reset': plain(ANSWERED),
  'xmlHttpRequest: events of one that is reset': plain(ANSWERED),
  'xmlHttpRequest: the status of one that is reset': plain(ANSWERED),
  'webSockets: send after the end': webkit('WebKitGTK counts what goes around a message too'),
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((code) => [
      `fetching: a redirect with ${code}`,
      webkit(NOT_REDIRECTED),
    ]),
  ),
};
