/** A URL as a request carries it (URL section 4.3, "exclude fragment"). */
export function withoutHash(url: string): string {
  return url.replace(/#.*$/, '');
}
