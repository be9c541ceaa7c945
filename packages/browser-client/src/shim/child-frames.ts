type Realm = Window & typeof globalThis;

/**
 * Gives the shim to frames whose documents come from no server (about:blank, srcdoc, blob:), before their
 * scripts run. Browsers keep the window of a frame's first, empty document for the next document, so
 * `install` may be called twice with one window.
 */
export function adoptFrames(page: Realm, install: (child: Realm) => void): void {
  const watched = new WeakSet<object>();
  const isNew = (object: object): boolean =>
    !watched.has(object) && watched.add(object).has(object);

  const adopt = (child: Window | null | undefined): void => {
    try {
      // A document from a server has the shim in its text.
      if (!/^(about|blob):$/.test(child?.location.protocol ?? '')) return;
      install(child as Realm);
      watch(child as Realm);
    } catch {
      // The frame is of another origin, or sandboxed.
    }
  };

  const watch = (parent: Realm): void => {
    const { document } = parent;
    const look = (): void => {
      for (let index = 0; index < parent.length; index += 1) adopt(parent[index]);
    };
    if (isNew(parent)) hookAccessors(parent, adopt);
    if (!isNew(document)) return;
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    document.addEventListener('load', look, true);
    look();
  };

  watch(page);
}

/** Scripts reach into a frame as soon as they have inserted the frame, before any observer runs. */
function hookAccessors(realm: Realm, adopt: (child: Window | null | undefined) => void): void {
  const { prototype } = realm.HTMLIFrameElement;
  // A window of another origin throws when it is read. Only `adopt` reads it, and catches the error.
  hook(prototype, 'contentWindow', adopt);
  hook(prototype, 'contentDocument', (found) => adopt(found?.defaultView));
}

/** Calls `see` with what an accessor is about to return. */
function hook<K extends 'contentWindow' | 'contentDocument'>(
  prototype: HTMLIFrameElement,
  name: K,
  see: (found: HTMLIFrameElement[K]) => void,
): void {
  const native = Object.getOwnPropertyDescriptor(prototype, name);
  Object.defineProperty(prototype, name, {
    ...native,
    get(this: HTMLIFrameElement): unknown {
      const found = native?.get?.call(this) as HTMLIFrameElement[K];
      see(found);
      return found;
    },
  });
}
