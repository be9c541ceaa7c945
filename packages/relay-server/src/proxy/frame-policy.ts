import type { Header } from '@wingman/protocol';
import { isPolicy } from './content-security-policy.js';

const FRAMED = new Set(['iframe', 'frame', 'embed', 'object']);

/**
 * Admits the session's own origin to those that may frame a document: the shell, of that origin, is
 * around every page. Others stay refused as the app has it (RFC 7034, CSP Level 3 section 6.4.2).
 */
export function admitOwnFrame(headers: Header[], destination: string): Header[] {
  if (!FRAMED.has(destination)) return headers;
  return headers.map((header) => {
    if (header.name === 'x-frame-options') return { ...header, value: sameOrigin(header.value) };
    if (!isPolicy(header)) return header;
    return { ...header, value: header.value.split(',').map(withSelf).join(',') };
  });
}

/** Browsers ignore what is neither DENY nor SAMEORIGIN. */
function sameOrigin(value: string): string {
  return value.replace(/\bdeny\b/gi, 'SAMEORIGIN');
}

function withSelf(policy: string): string {
  return policy.replace(/(^|;)(\s*)frame-ancestors\b([^;]*)/gi, (_, start, space, sources) => {
    const words = String(sources).trim().split(/\s+/);
    const others = words.filter((word) => word !== '' && !/^'(?:none|self)'$/i.test(word));
    return `${start}${space}${['frame-ancestors', "'self'", ...others].join(' ')}`;
  });
}
