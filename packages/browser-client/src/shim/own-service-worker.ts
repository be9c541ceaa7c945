const MESSAGE =
  'This app is shared with Wingman, whose own service worker carries its requests. ' +
  'A service worker of the app would take its place, so it is not registered here.';

/** Refuses the app's own service workers: one at the session's origin would replace the tunnel's, and its traffic would go through the server unsealed. */
export function refuseServiceWorkers(container: ServiceWorkerContainer | undefined): void {
  if (container === undefined) return;
  container.register = () => {
    console.warn(MESSAGE);
    return Promise.reject(new DOMException(MESSAGE, 'NotSupportedError'));
  };
}
