import type { PageParts } from './problem.js';

/**
 * Asks for the page again every three seconds while somebody looks at it, for problems that may go by themselves. A
 * script, because a `<meta http-equiv="refresh">` moves Chromium to the fragment of an address that has one, and loads nothing.
 */
const ASK_AGAIN =
  'setTimeout(function again(){document.hidden?document.addEventListener("visibilitychange",again,{once:true}):location.reload()},3e3)';

/** The hash of that script. A literal, because browsers hash asynchronously only. */
export const ASK_AGAIN_HASH = 'sha256-TzhdvHKIr77RocO2p1CsdAFastIN2ad2FrJ4sPeW+RE=';

/** For the page of a GET alone: a browser would ask its user before it sends a form again. */
export const ASK_AGAIN_PART: PageParts = {
  body: `<p>This page tries again by itself.</p>\n<script>${ASK_AGAIN}</script>\n`,
  opened: { 'script-src': `'${ASK_AGAIN_HASH}'` },
};
