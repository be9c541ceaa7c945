/** The cookies that scripts of a page may see. */
export interface PageCookies {
  /** As in `document.cookie`. */
  text: string;
  /** Of the page, which decides which cookies it sees. */
  path: string;
}

/** What of a Document reading cookies takes. */
export interface CookiePage {
  readonly cookie: string;
  readonly location: { readonly pathname: string };
}

/** The cookies a page sees now; none where the browser keeps none. `location` is that of the page whose path counts. */
export function readCookies(
  page: CookiePage,
  { pathname }: CookiePage['location'] = page.location,
): PageCookies {
  return { text: cookieText(page), path: pathname };
}

/** Sandboxed documents throw. */
function cookieText(page: CookiePage): string {
  try {
    return page.cookie;
  } catch {
    return '';
  }
}

/** A header value as the tunnel has it: each character is one byte of the text's UTF-8. */
export function toHeaderBytes(text: string): string {
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** The text whose UTF-8 a header value holds. */
export function fromHeaderBytes(value: string): string {
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
