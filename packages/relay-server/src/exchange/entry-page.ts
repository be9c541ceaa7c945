import { createHash } from 'node:crypto';
import { ENTRY_TARGET, escapeHtml, PROBLEM_STYLE_HASH, type PageParts } from '@wingman/protocol';
import { reservedPath } from './target-readings.js';

/** The form for the passphrase, for a page that was asked for under this target. */
export function passphrasePart(target: string): PageParts {
  return {
    head: `<style>${STYLE}</style>\n`,
    body: `<form method="post" action="${ENTRY_TARGET}">
<input type="hidden" name="to" value="${escapeHtml(target)}">
<label for="passphrase">Passphrase</label>
<input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus>
<button>Enter</button>
</form>
`,
    opened: {
      'form-action': "'self'",
      'style-src': `'${PROBLEM_STYLE_HASH}' 'sha256-${STYLE_HASH}'`,
    },
  };
}

const STYLE =
  'form{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1.5rem}label{flex-basis:100%}' +
  'input,button{font:inherit;padding:.45rem .7rem;border:1px solid var(--line);border-radius:.4rem}' +
  'input{flex:1;min-width:0}button{background:var(--mark);border-color:var(--mark);color:var(--paper)}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What the form brings. */
export interface EntryForm {
  readonly passphrase: string;
  /** Where the visitor wanted to go: a target on the session's own origin. */
  readonly to: string;
}

/** Reads the form's body (application/x-www-form-urlencoded). */
export function readEntryForm(body: string): EntryForm {
  const fields = new URLSearchParams(body);
  return { passphrase: fields.get('passphrase') ?? '', to: ownTarget(fields.get('to') ?? '/') };
}

/** A target of the app on this origin; `/` in place of anything that could lead elsewhere. */
function ownTarget(text: string): string {
  const base = 'http://session';
  if (!URL.canParse(text, base)) return '/';
  const { origin, pathname, search } = new URL(text, base);
  // In a Location field, what begins with two slashes names another host.
  const isOwn = origin === base && !pathname.startsWith('//');
  return isOwn && reservedPath(pathname) === undefined ? pathname + search : '/';
}
