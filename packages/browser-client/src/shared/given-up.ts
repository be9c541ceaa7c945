/**
 * Browsers tell a service worker that a page has given a request up only once there is an answer. So
 * the shim numbers the requests that can be given up, and says on this channel when one is.
 */
export const GIVEN_UP_CHANNEL = 'wingman-given-up';

/** A header field on such requests, which goes no further than the service worker. */
export const REQUEST_ID = 'wingman-request-id';
