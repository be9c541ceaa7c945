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
  /** The documents that have been looked at, each with its root then: `document.open` takes listeners and root away. */
  const roots = new WeakMap<Document, Element | null>();

  const adopt = (document: Document | null | undefined): void => {
    // Scripts ask for a frame's window again and again, and what follows takes long.
    if (!document || roots.get(document) === document.documentElement) return;
    roots.set(document, document.documentElement);
    const child = document.defaultView;
    // A document from a server has the shim in its text.
    if (child === null || !/^(about|blob):$/.test(child.location.protocol)) return;
    install(child);
    watch(child);
  };

  const watch = (parent: Realm): void => {
    const { document } = parent;
    const look = (): void => {
      for (let index = 0; index < parent.length; index += 1) adopt(documentOf(parent[index]));
    };
    if (isNew(parent)) hookAccessors(parent, adopt);
    if (!isNew(document)) return;
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    document.addEventListener('load', look, true);
    look();
  };

  watch(page);
}

function documentOf(child: Window | undefined): Document | undefined {
  try {
    return child?.document;
  } catch {
    // The frame is of another origin, or sandboxed.
    return undefined;
  }
}

/** Scripts reach into a frame as soon as they have inserted the frame, before any observer runs. */
function hookAccessors(realm: Realm, adopt: (document: Document | null) => void): void {
  const { prototype } = realm.HTMLIFrameElement;
  // Of a frame of another origin this is null.
  const native = Object.getOwnPropertyDescriptor(prototype, 'contentDocument');
  for (const name of ['contentWindow', 'contentDocument'] as const) {
    const accessor = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {
      ...accessor,
      get(this: HTMLIFrameElement): unknown {
        adopt(native?.get?.call(this) as Document | null);
        return accessor?.get?.call(this) as unknown;
      },
    });
  }
}
