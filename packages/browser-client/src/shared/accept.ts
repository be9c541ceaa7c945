/** Encodings that every engine's DecompressionStream undoes. */
export const ACCEPT_ENCODING = 'gzip, deflate';

/** The value browsers send for a list of languages: falling weights, at most ten. */
export function acceptLanguage(languages: readonly string[]): string | null {
  if (languages.length === 0) return null;
  const weighted = languages.slice(0, 10).map((language, index) => {
    return index === 0 ? language : `${language};q=${(1 - index / 10).toFixed(1)}`;
  });
  return weighted.join(',');
}
