import { around } from './before-call.js';

type Realm = Window & typeof globalThis;

/**
 * Lends a frame that a script has made the requests of the page around it. Chromium gives the document of such a frame
 * no service worker, so its own requests would go past the tunnel. `isMade` says whether the window still shows such
 * a document: browsers keep the window for the next one, which may come from the server.
 */
export function borrowRequests(frame: Realm, page: Realm, isMade: () => boolean): void {
  const absolute = (args: unknown[], index: number): unknown[] => {
    const url = args[index];
    const isUrl = typeof url === 'string' || Object.prototype.toString.call(url) === '[object URL]';
    if (!isUrl || !URL.canParse(String(url), frame.document.baseURI)) return args;
    return args.with(index, new URL(String(url), frame.document.baseURI).href);
  };
  around(frame, 'fetch', (native, self, args) => {
    if (!isMade()) return Reflect.apply(native, self, args);
    const answer = page.fetch(...(absolute(args, 0) as Parameters<typeof fetch>));
    const asOwn = (response: Response): unknown =>
      Object.setPrototypeOf(response, frame.Response.prototype);
    return frame.Promise.resolve(answer).then(asOwn);
  });
  around(frame.Navigator.prototype, 'sendBeacon', (native, self, args) =>
    isMade()
      ? Reflect.apply(native, page.navigator, absolute(args, 0))
      : Reflect.apply(native, self, args),
  );
  around(frame.XMLHttpRequest.prototype, 'open', (native, self, args) =>
    Reflect.apply(native, self, isMade() ? absolute(args, 1) : args),
  );
  for (const name of ['XMLHttpRequest', 'EventSource'] as const) {
    Reflect.set(
      frame,
      name,
      new Proxy(frame[name], {
        construct: (native, args: unknown[], newTarget: NewableFunction): object =>
          (isMade()
            ? Reflect.construct(page[name], absolute(args, 0), newTarget)
            : Reflect.construct(native, args, newTarget)) as object,
      }),
    );
  }
}
