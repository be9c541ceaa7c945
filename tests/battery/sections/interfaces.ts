/** Web IDL section 3.7, "interfaces": what scripts find of each interface that the tunnel touches or stands near. */
export function interfaces(): Record<string, () => unknown> {
  const names = [
    ...['XMLHttpRequest', 'XMLHttpRequestUpload', 'EventSource', 'WebSocket', 'Worker'],
    ...['SharedWorker', 'Request', 'Response', 'Headers', 'FormData', 'Blob', 'File', 'URL'],
    ...[
      'MessageEvent',
      'CloseEvent',
      'ErrorEvent',
      'ProgressEvent',
      'MessageChannel',
      'MessagePort',
    ],
    ...['BroadcastChannel', 'HTMLIFrameElement', 'HTMLFormElement', 'HTMLAnchorElement', 'History'],
    ...['Location', 'Navigator', 'Document', 'Window', 'Storage', 'AbortController', 'AbortSignal'],
    ...['ReadableStream', 'WritableStream', 'TransformStream', 'ServiceWorkerContainer', 'Cache'],
    ...['CacheStorage', 'CookieStore', 'Performance', 'PerformanceResourceTiming', 'Event'],
    ...['EventTarget', 'DOMException', 'MutationObserver', 'FileReader', 'HTMLScriptElement'],
  ];
  const realm = globalThis as unknown as Record<string, { prototype: object; name: string }>;
  const assertions: Record<string, () => unknown> = {};
  for (const name of names) {
    const found = realm[name];
    assertions[`${name} is there`] = () => typeof found;
    if (found === undefined) continue;
    assertions[`${name}, its name and length`] = () => {
      const { length } = found as unknown as { length: number };
      return `${found.name} ${length}`;
    };
    assertions[`${name}, how it is held`] = () => {
      const held = Object.getOwnPropertyDescriptor(globalThis, name);
      return [held?.writable, held?.enumerable, held?.configurable];
    };
    assertions[`${name}, its own members`] = () => Object.getOwnPropertyNames(found).sort();
    assertions[`${name}, the members of its prototype`] = () =>
      Object.getOwnPropertyNames(found.prototype).sort();
    assertions[`${name}, the constructor of its prototype`] = () =>
      (found.prototype as { constructor: unknown }).constructor === realm[name];
    assertions[`${name}, called without new`] = () => {
      (found as unknown as () => void)();
      return 'works';
    };
    assertions[`${name}, its text`] = () =>
      Function.prototype.toString.call(found).includes('[native code]');
  }
  return assertions;
}

/** Web IDL section 3.7.7, "operations", of the functions that the tunnel puts others in place of. */
export function operations(): Record<string, () => unknown> {
  const owners: Record<string, [object, string[]]> = {
    window: [window, ['fetch', 'open', 'close', 'postMessage', 'print', 'focus', 'stop', 'alert']],
    XMLHttpRequest: [XMLHttpRequest.prototype, ['open', 'send', 'abort', 'setRequestHeader']],
    WebSocket: [WebSocket.prototype, ['send', 'close']],
    history: [history, ['pushState', 'replaceState', 'back', 'go']],
    form: [HTMLFormElement.prototype, ['submit', 'requestSubmit', 'reset']],
    navigator: [navigator, ['sendBeacon']],
    URL: [URL, ['createObjectURL', 'revokeObjectURL']],
  };
  const assertions: Record<string, () => unknown> = {};
  for (const [owner, [object, names]] of Object.entries(owners)) {
    for (const name of names) {
      const method = (): { name: string; length: number } =>
        Reflect.get(object, name) as { name: string; length: number };
      assertions[`${owner}.${name}, its name and length`] = () =>
        `${method().name} ${method().length}`;
      assertions[`${owner}.${name}, its text`] = () =>
        Function.prototype.toString.call(method()).includes('[native code]');
      assertions[`${owner}.${name}, a property of`] = () => Object.hasOwn(object, name);
    }
  }
  return assertions;
}

/** Web IDL section 3.7.6, "attributes", of those that the tunnel puts others in place of. */
export function attributes(): Record<string, () => unknown> {
  const owners: Record<string, [object, string[]]> = {
    window: [
      window,
      ['parent', 'top', 'opener', 'name', 'frameElement', 'origin', 'closed', 'self'],
    ],
    document: [Document.prototype, ['cookie', 'referrer', 'scripts', 'defaultView']],
    iframe: [HTMLIFrameElement.prototype, ['contentWindow', 'contentDocument', 'src']],
    message: [MessageEvent.prototype, ['source', 'origin', 'data', 'ports']],
    xhr: [XMLHttpRequest.prototype, ['upload', 'status', 'response']],
  };
  const assertions: Record<string, () => unknown> = {};
  for (const [owner, [object, names]] of Object.entries(owners)) {
    for (const name of names) {
      const held = (): PropertyDescriptor | undefined =>
        Object.getOwnPropertyDescriptor(object, name);
      assertions[`${owner}.${name}, how it is held`] = () => [
        held()?.enumerable,
        held()?.configurable,
        typeof held()?.get,
        typeof held()?.set,
      ];
    }
  }
  return assertions;
}
