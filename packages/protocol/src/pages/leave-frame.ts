const REDIRECTS = [301, 302, 303, 307, 308];

/** Whether a response sends the browser elsewhere (Fetch, "redirect status"). */
export function isRedirect(status: number, location: string | null): boolean {
  return location !== null && REDIRECTS.includes(status);
}

/** Whether a redirect leads to another site, which would mostly refuse to be framed by us. */
export function leadsAway(location: string, url: string): boolean {
  return URL.canParse(location) && new URL(location).origin !== new URL(url).origin;
}

/** A page that sends the whole tab to another site when it is the app itself, and only its own frame when it is a frame within. */
export function leavingPage(location: string): Response {
  const target = JSON.stringify(location).replaceAll('<', '\\u003c');
  const script = `(parent===top?top:window).location.replace(${target})`;
  return new Response(`<!doctype html><script>${script}</script>`, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
}
