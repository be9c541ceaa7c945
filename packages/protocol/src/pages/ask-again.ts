import type { PageParts } from './problem.js';

/**
 * Asks for the page again every three seconds while somebody looks at it, for problems that may go by themselves. A
 * `<meta http-equiv="refresh">` does not do: if the address has a fragment, Chromium scrolls to the fragment and loads nothing.
 */
const ASK_AGAIN =
  'setTimeout(function again(){document.hidden?document.addEventListener("visibilitychange",again,{once:true}):location.reload()},3e3)';

/** The hash of that script. The hash is a literal, because browsers hash asynchronously only. */
export const ASK_AGAIN_HASH = 'sha256-TzhdvHKIr77RocO2p1CsdAFastIN2ad2FrJ4sPeW+RE=';

/** The parts of a page that asks again. They suit only the answer to a GET: before sending a form again, a browser would ask its user. */
export const ASK_AGAIN_PART: PageParts = {
  body: `<p>This page tries again by itself.</p>\n<script>${ASK_AGAIN}</script>\n`,
  opened: { 'script-src': `'${ASK_AGAIN_HASH}'` },
};
