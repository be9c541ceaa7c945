import type { FetchHead, HeaderPair } from '../shared/exchange-messages.js';
import { ACCEPT_ENCODING, acceptLanguage } from '../shared/request-fields.js';

/** The head the service worker will ask for when the frame loads this page: it is sent ahead of that. */
export function navigationHead(
  page: { pathname: string; search: string },
  browser: { languages: readonly string[]; userAgent: string },
  referrer: string,
): FetchHead {
  return {
    method: 'GET',
    target: page.pathname + page.search,
    headers: [
      ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
      ['accept-encoding', ACCEPT_ENCODING],
      ['accept-language', acceptLanguage(browser.languages) ?? 'en'],
      ['upgrade-insecure-requests', '1'],
      ['user-agent', browser.userAgent],
      ...(referrer === '' ? [] : [['referer', referrer] satisfies HeaderPair]),
    ],
    destination: 'iframe',
    mode: 'navigate',
    hasBody: false,
    hasCredentials: true,
  };
}
