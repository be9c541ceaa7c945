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

/**
 * Browsers tell a service worker that a page has given a request up only once there is an answer. So
 * the shim numbers the requests that can be given up, and says on this channel when one is.
 */
export const GIVEN_UP_CHANNEL = 'wingman-given-up';

/** A header field on such requests, which goes no further than the service worker. */
export const REQUEST_ID = 'wingman-request-id';

/** Ids that begin so are of uploads whose page wants to hear how far they are. */
export const UPLOAD_PREFIX = 'upload-';

/** An id, with the length of the request's body in bytes if the shim knows it. */
export function requestId(prefix: string, length: number | undefined): string {
  return `${prefix}${crypto.randomUUID()}${length === undefined ? '' : `/${length}`}`;
}

/** The length of the body in bytes, as the shim has said in the id; null when it has not. */
export function bodyLength({ headers }: Pick<Request, 'headers'>): number | null {
  const [, length] = (headers.get(REQUEST_ID) ?? '').split('/');
  return length === undefined ? null : Number(length);
}

/** On the channel of this name the service worker tells how far an upload is, and the page says that it has heard. */
export function uploadChannel(id: string): string {
  return `wingman-${id}`;
}

/** How much of an upload the tunnel has taken: at most the window of a stream ahead of the app. */
export interface UploadProgress {
  bytes: number;
  isAll: boolean;
}
