import type { FetchHead } from '../shared/exchange-messages.js';
import { isSameNavigation } from './preload.js';
import type { SendRequest } from './serve-fetch.js';

/**
 * The same way, on which the frame's own request of the tab's first page says where the tab has come from:
 * the browser would name the shell, and so is told to name nothing.
 */
export function withFirstReferrer(first: FetchHead | null, send: SendRequest): SendRequest {
  const referrer = first?.headers.find(([name]) => name === 'referer');
  let isOver = false;
  return (head, options) => {
    if (isOver || first === null || referrer === undefined || !isSameNavigation(head, first)) {
      return send(head, options);
    }
    isOver = true;
    return send({ ...head, headers: [...head.headers, referrer] }, options);
  };
}
