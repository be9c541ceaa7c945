import { headerValue, type Header } from '@wingman/protocol';

/** Whether a response asks for this kind of data to be cleared (Clear-Site-Data section 2.1: a list of quoted words). */
export function clearsSiteData(
  headers: readonly Header[],
  kind: 'cache' | 'cookies' | 'storage',
): boolean {
  const value = headerValue(headers, 'clear-site-data') ?? '';
  return value.includes('"*"') || value.includes(`"${kind}"`);
}
