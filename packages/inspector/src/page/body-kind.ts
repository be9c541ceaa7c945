/** How a body is shown. */
export type BodyKind = 'json' | 'form' | 'image' | 'html' | 'text';

/** A page of text that a browser lays out at once; more of it is cut, and can be saved. */
const SHOWN_CHARS = 200_000;

/** The form that suits a content type. */
export function bodyKind(contentType: string): BodyKind {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data') return 'form';
  if (type.startsWith('image/')) return 'image';
  return type === 'text/html' || type === 'application/xhtml+xml' ? 'html' : 'text';
}

/** Names and values of a form. Of a file its name and size are shown. */
export function formFields(text: string, contentType: string): [string, string][] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return [...new URLSearchParams(text)];
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => partOf(part.replace(/^\r?\n/, '').replace(/\r?\n$/, '')));
}

/** One part of a multipart form (RFC 7578 section 4). */
function partOf(part: string): [string, string] {
  const end = /\r?\n\r?\n/.exec(part);
  const head = part.slice(0, end?.index ?? part.length);
  const value = end === null ? '' : part.slice(end.index + end[0].length);
  const name = / name="([^"]*)"/.exec(head)?.[1] ?? '';
  const file = / filename="([^"]*)"/.exec(head)?.[1];
  return [name, file === undefined ? value : `${file}, ${value.length} characters`];
}

/** Undefined for what is no JSON, or not all of it, and for a mere value. */
export function parsedJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As much of a text as is shown. */
export function shownText(text: string): { readonly shown: string; readonly isCut: boolean } {
  return { shown: text.slice(0, SHOWN_CHARS), isCut: text.length > SHOWN_CHARS };
}
