/** HTML section 4.8.5, "the iframe element": what a page sees of frames of every kind. */
export function frames(): Record<string, () => unknown> {
  const add = async (attributes: Record<string, string>): Promise<HTMLIFrameElement> => {
    const frame = document.createElement('iframe');
    for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    await loaded;
    return frame;
  };
  const look = ({ contentWindow, contentDocument }: HTMLIFrameElement): unknown => {
    const reach = (): unknown => {
      try {
        return contentWindow?.location.href;
      } catch (error) {
        return (error as Error).name;
      }
    };
    return [contentWindow !== null, contentDocument?.body.innerText ?? null, reach()];
  };
  const seen = async (attributes: Record<string, string>): Promise<unknown> => {
    const frame = await add(attributes);
    const value = look(frame);
    frame.remove();
    return [value, frame.contentWindow, frame.contentDocument];
  };
  const talked = async (attributes: Record<string, string>): Promise<unknown> => {
    const heard = new Promise<MessageEvent>((resolve) =>
      addEventListener('message', resolve, { once: true }),
    );
    const frame = await add(attributes);
    frame.contentWindow?.postMessage({ a: 1 }, '*');
    // A frame that answers may have to wait for a busy machine; only one that never does is silent for so long.
    const silence = new Promise<undefined>((resolve) => setTimeout(resolve, 6000, undefined));
    const message = await Promise.race([heard, silence]);
    const isSource = message?.source === frame.contentWindow;
    frame.remove();
    if (message === undefined) return 'silence';
    const { data, origin } = message as MessageEvent<unknown>;
    return [data, origin, isSource];
  };
  const inside = async (attributes: Record<string, string>, code: string): Promise<unknown> => {
    const frame = await add(attributes);
    const value: unknown = (frame.contentWindow as unknown as typeof globalThis).eval(code);
    const plain = await value;
    frame.remove();
    return plain;
  };
  const kinds: Record<string, Record<string, string>> = {
    'the app’s own': { src: '/frame' },
    'about:blank': {},
    srcdoc: { srcdoc: '<p>made' },
    'a blob': { src: URL.createObjectURL(new Blob(['<p>blob'], { type: 'text/html' })) },
    'a script URL': { src: 'javascript:"<p>script"' },
  };
  const assertions: Record<string, () => unknown> = {
    'sandboxed without scripts': () => seen({ sandbox: '', src: '/frame' }),
    'sandboxed with the same origin': () => seen({ sandbox: 'allow-same-origin', src: '/frame' }),
    'a data URL': () => seen({ src: 'data:text/html,<p>data' }),
    'refused by its headers': () => seen({ src: '/refused' }),
    'one that is not there': () => seen({ src: '/missing' }),
    'talks with the app’s own': () => talked({ src: '/talk' }),
    'talks with a sandboxed one': () => talked({ sandbox: 'allow-scripts', src: '/talk' }),
    'one sandboxed by its headers': () => talked({ src: '/sandboxed' }),
    'the parent from within': () => inside({ src: '/frame' }, 'parent === window.parent.window'),
    'the parent is the top': () => inside({ src: '/frame' }, 'parent === top'),
    'its own element': () => inside({ src: '/frame' }, 'frameElement.localName'),
    'removed and there again': async () => {
      const frame = await add({ src: '/frame' });
      frame.remove();
      const again = new Promise((resolve) => (frame.onload = resolve));
      document.body.append(frame);
      await again;
      const value = look(frame);
      frame.remove();
      return value;
    },
    'a frame within a frame': () =>
      inside({ src: '/frame' }, `document.body.append(document.createElement('iframe')); length`),
    'a lazy one': () => seen({ loading: 'lazy', src: '/frame' }),
    'found by its name': async () => {
      const frame = await add({ name: 'named', src: '/frame' });
      const found = (window as unknown as Record<string, unknown>)['named'] === frame.contentWindow;
      frame.remove();
      return found;
    },
    'goes elsewhere': async () => {
      const frame = await add({ src: '/frame' });
      const next = new Promise((resolve) => (frame.onload = resolve));
      frame.contentWindow?.location.assign('/text');
      await next;
      const value = frame.contentWindow?.location.pathname;
      frame.remove();
      return value;
    },
  };
  for (const [kind, attributes] of Object.entries(kinds)) {
    assertions[`${kind}: window and document`] = async () =>
      JSON.stringify(await seen(attributes)).replace(/blob:[^"]*/g, 'blob');
    assertions[`${kind}: origin`] = () => inside(attributes, 'origin');
    assertions[`${kind}: fetch`] = () =>
      inside(attributes, `fetch('${location.origin}/empty').then((answer) => answer.status)`);
    assertions[`${kind}: cookies`] = () => inside(attributes, 'typeof document.cookie');
    assertions[`${kind}: storage`] = () => inside(attributes, 'typeof localStorage');
    assertions[`${kind}: referrer`] = () => inside(attributes, 'document.referrer');
    assertions[`${kind}: secure`] = () => inside(attributes, 'isSecureContext');
    assertions[`${kind}: classes`] = () =>
      inside(attributes, 'new XMLHttpRequest() instanceof XMLHttpRequest');
  }
  return assertions;
}

/** HTML section 9.4, "channel messaging", and section 2.7, "structured clone". */
export function messages(): Record<string, () => unknown> {
  const through = async (value: unknown, transfer: Transferable[] = []): Promise<unknown> => {
    const heard = new Promise<MessageEvent>((resolve) =>
      addEventListener('message', resolve, { once: true }),
    );
    postMessage(value, { targetOrigin: '/', transfer });
    return ((await heard) as MessageEvent<unknown>).data;
  };
  return {
    'a map and a date': async () => {
      const map = (await through(new Map([['a', new Date(0)]]))) as Map<string, Date>;
      return map.get('a')?.getTime();
    },
    'a file': async () => ((await through(new File(['x'], 'name'))) as File).name,
    'an error': async () => ((await through(new RangeError('x'))) as Error).name,
    'a buffer is gone once transferred': async () => {
      const buffer = new ArrayBuffer(8);
      const got = (await through(buffer, [buffer])) as ArrayBuffer;
      return [buffer.byteLength, got.byteLength];
    },
    'a port works on the other side': async () => {
      const { port1, port2 } = new MessageChannel();
      const got = (await through(port2, [port2])) as MessagePort;
      got.postMessage('by port');
      return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    },
    'a function': () => through(() => undefined),
    'the event’s parts': async () => {
      const heard = new Promise<MessageEvent>((resolve) =>
        addEventListener('message', resolve, { once: true }),
      );
      postMessage('x');
      const { origin, source, ports, isTrusted } = await heard;
      return [origin, source === window, ports.length, isTrusted];
    },
    'to the own origin': async () => {
      const heard = new Promise((resolve) => addEventListener('message', resolve, { once: true }));
      postMessage('x', location.origin);
      return (await heard) instanceof MessageEvent;
    },
    'to what is no origin': () => postMessage('x', 'nothing'),
    'a broadcast': async () => {
      const [one, two] = [new BroadcastChannel('battery'), new BroadcastChannel('battery')];
      const heard = new Promise((resolve) => (two.onmessage = ({ data }) => resolve(data)));
      one.postMessage('all');
      const data = await heard;
      one.close();
      two.close();
      return data;
    },
    'a message to the top': async () => {
      const heard = new Promise<MessageEvent>((resolve) =>
        addEventListener('message', resolve, { once: true }),
      );
      window.top?.postMessage('up', '*');
      return ((await heard) as MessageEvent<unknown>).data;
    },
  };
}
