import { headerValue, type RequestHead } from '@wingman/protocol';
import type { Pushed } from './pushed-request.js';

/** A request with one of these wants more than the plain answer. */
const PARTICULAR = ['authorization', 'cache-control', 'pragma', 'range'];
/** What an answer may vary by: pushed requests have the importer's values. Cookies may change before the page asks. */
const SAME = ['accept-encoding', 'accept-language', 'origin', 'user-agent'];

/** Whether the app would answer both alike. */
export function isSame(pushed: RequestHead, asked: RequestHead): boolean {
  if (PARTICULAR.some((name) => headerValue(asked.headers, name) !== undefined)) return false;
  return ['cookie', 'if-none-match'].every(
    (name) => headerValue(pushed.headers, name) === headerValue(asked.headers, name),
  );
}

/** Whether an answer may wait for the page's request. One that sets cookies must be seen when it comes. */
export function isPushable({ head }: Pushed, asked: RequestHead): boolean {
  const isAsExpected =
    head.status === 200 ||
    (head.status === 304 && headerValue(asked.headers, 'if-none-match') !== undefined);
  const varying = (headerValue(head.headers, 'vary') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const setsCookies = headerValue(head.headers, 'set-cookie') !== undefined;
  return isAsExpected && !setsCookies && varying.every((name) => SAME.includes(name));
}
