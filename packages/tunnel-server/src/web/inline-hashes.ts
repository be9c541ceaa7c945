import { createHash } from 'node:crypto';

/** An element with its text; the text of a script may contain what looks like another element. */
const ELEMENT = /<(script|style)([^>]*)>([^]*?)<\/\1>/g;

/**
 * The sources that let in the inline elements of a page and no others (CSP Level 3 section 2.3.1). An element with
 * attributes holds data for another script, or comes with a URL.
 */
export function inlineHashes(page: string, element: 'script' | 'style'): string {
  const elements = [...page.matchAll(ELEMENT)];
  const own = elements.filter(([, name, attributes]) => name === element && attributes === '');
  const hashes = own.map(([, , , text = '']) => contentHash(Buffer.from(text)));
  return hashes.length === 0 ? "'none'" : hashes.join(' ');
}

/** The source that lets in a script with this content, wherever it comes from (CSP Level 3 section 6.7.3.2). */
export function contentHash(content: Buffer): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

/**
 * The policy of the shell, which pages of these origins may frame, and which loads these scripts later. There is no `frame-src`, and so no `default-src`, which would stand in for it: the app's
 * frame goes wherever the app leads it, also to `mailto:` and to the names of other programs.
 */
export function shellPolicy(
  template: string,
  ancestors: readonly string[] = [],
  scripts: readonly string[] = [],
): string {
  const directives = {
    'script-src': [inlineHashes(template, 'script'), ...scripts].join(' '),
    'style-src': inlineHashes(template, 'style'),
    // The tunnel worker has a blob: URL, and an app's own service worker runs at the URL of its script.
    'worker-src': "'self' blob:",
    // Icons may be data, an object of the app's, or on another port that the app names.
    'connect-src': "'self' data: blob: http://localhost:* http://127.0.0.1:*",
    // The browser itself fetches the icons of other sites.
    'img-src': '* data:',
    'font-src': "'none'",
    'manifest-src': "'none'",
    'media-src': "'none'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    // Framed by another site, the pill and the app could be clicked unseen.
    'frame-ancestors': ancestors.length === 0 ? "'none'" : ancestors.join(' '),
    'require-trusted-types-for': "'script'",
    'trusted-types': 'default',
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
