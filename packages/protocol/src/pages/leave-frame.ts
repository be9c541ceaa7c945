import { WingmanError } from '../errors.js';
import { escapeHtml } from './own-page.js';

const REDIRECTS = [301, 302, 303, 307, 308];

/** Whether a response redirects the browser (Fetch, "redirect status"). */
export function isRedirect(status: number, location: string | null): location is string {
  return location !== null && REDIRECTS.includes(status);
}

/**
 * The answer to the navigation of a frame. Other sites mostly refuse to be framed by us, so a redirect to another
 * site becomes a page that goes there. Throws PROTOCOL_ERROR for a redirect to a URL that is not HTTP(S), which is a
 * network error (Fetch, "HTTP-redirect fetch"). Our page would run the script in a `javascript:` URL, and Firefox
 * itself follows a service worker's redirect to `data:`.
 */
export function forFrame(response: Response, url: string): Response {
  const location = response.headers.get('location');
  if (!isRedirect(response.status, location)) return response;
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    throw new WingmanError('PROTOCOL_ERROR', 'a redirect that no browser follows');
  }
  return target.origin === new URL(url).origin ? response : leavingPage(target.href);
}

/** Goes to another site: with the whole tab when the page is the app itself, else with its own frame only. */
const LEAVE = '(parent===top?top:window).location.replace(document.documentElement.dataset.to)';
/** The hash of LEAVE. A literal, because browsers hash asynchronously only. */
const LEAVE_HASH = 'sha256-53thAKkZ865e6OvF1iix+pXqZ/gIiojXYQeIxjQvMm8=';

/** It may stand in frames of any site, as the redirect could that it stands for. */
const LEAVE_POLICY = `default-src 'none'; base-uri 'none'; script-src '${LEAVE_HASH}'`;

/** A page whose only script leaves it for another site. The script is constant, so that the policy can name it. */
function leavingPage(url: string): Response {
  const page = `<!doctype html><html data-to="${escapeHtml(url)}"><script>${LEAVE}</script>`;
  return new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': LEAVE_POLICY,
      'x-content-type-options': 'nosniff',
    },
  });
}
