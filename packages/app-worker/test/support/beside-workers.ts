/** What running workers want of a service worker, and what a test of them doesn't look at. */
export const besideWorkers = () => ({
  ask: () => Promise.resolve(null),
  viewer: {
    caches: globalThis.caches,
    keepBody: () => Promise.resolve(null),
    requestIdHeader: 'x',
  },
  keepRedirect: () => '',
  toClient: () => undefined,
});
