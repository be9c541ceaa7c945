/** What a page sees of WebSockets, as plain data; runs in the browser and uses nothing from outside. */
export async function probeWebSockets(): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  const hide = (text: string): string => text.replaceAll(location.host, 'HOST');
  const nameOf = (run: () => unknown): string => {
    try {
      const result = run();
      if (result instanceof WebSocket) result.close();
      return 'fine';
    } catch (error) {
      const { name } = error as Error;
      return error instanceof DOMException ? `DOMException ${name}` : name;
    }
  };
  const describeData = async (data: unknown): Promise<string> => {
    if (data instanceof Blob) return `Blob ${data.type} ${await data.text()}`;
    if (data instanceof ArrayBuffer) return `ArrayBuffer ${new TextDecoder().decode(data)}`;
    return `${typeof data} ${String(data)}`;
  };
  /** Everything that happens to a socket until it has closed. */
  const story = async (
    socket: WebSocket,
    act: (socket: WebSocket, event: Event) => void = () => undefined,
  ): Promise<unknown[]> => {
    const events: Promise<unknown>[] = [];
    const done = new Promise<void>((resolve) => {
      for (const type of ['open', 'message', 'error', 'close']) {
        socket.addEventListener(type, (event) => {
          const { readyState } = socket;
          const kind = event.constructor.name;
          events.push(
            (async () => {
              if (event instanceof MessageEvent) return [type, await describeData(event.data)];
              if (!(event instanceof CloseEvent)) return [type, kind, readyState];
              return [type, kind, readyState, event.code, event.reason, event.wasClean];
            })(),
          );
          act(socket, event);
          if (type === 'close') resolve();
        });
      }
    });
    await done;
    return Promise.all(events);
  };
  const on =
    (type: string, run: (socket: WebSocket) => void) =>
    (socket: WebSocket, event: Event): void => {
      if (event.type === type) run(socket);
    };

  seen['refused arguments'] = {
    none: nameOf(() => Reflect.construct(WebSocket, [])),
    called: nameOf(() => Reflect.apply(WebSocket, undefined, ['/echo'])),
    urls: ['http://[', 'ftp://x/', 'mailto:x', '/echo#', '/echo#x', 'wss://', 'javascript:0'].map(
      (url) => nameOf(() => new WebSocket(url)),
    ),
    protocols: [['a', 'a'], ['A', 'a'], 'a b', '', 'a,b', 'é', '/', ['ok', '']].map((protocols) =>
      nameOf(() => new WebSocket('/echo', protocols)),
    ),
  };
  seen['the class'] = {
    name: WebSocket.name,
    length: WebSocket.length,
    statics: Object.getOwnPropertyNames(WebSocket).sort(),
    members: Object.getOwnPropertyNames(WebSocket.prototype).sort(),
    parent: Object.getPrototypeOf(WebSocket.prototype) === EventTarget.prototype,
    constants: [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED],
    illegal: nameOf(() => WebSocket.prototype.readyState),
    attributes: ['url', 'onopen', 'send', 'binaryType', 'constructor', 'OPEN'].map((name) => {
      const found = Object.getOwnPropertyDescriptor(WebSocket.prototype, name) ?? {};
      return Object.entries(found).map(([key, value]) => `${key}:${typeof value}`);
    }),
  };
  const socket = new WebSocket('/echo');
  const inherited: string[] = [];
  for (const key in socket) inherited.push(key);
  seen['an instance'] = {
    keys: Object.keys(socket),
    inherited: inherited.sort(),
    text: Object.prototype.toString.call(socket),
    is: [socket instanceof WebSocket, socket instanceof EventTarget],
    constructor: socket.constructor === WebSocket,
    prototype: Object.getPrototypeOf(socket) === WebSocket.prototype,
    values: [
      hide(socket.url),
      socket.readyState,
      socket.protocol,
      socket.extensions,
      socket.bufferedAmount,
      socket.binaryType,
      socket.onopen,
      socket.OPEN,
    ],
    early: nameOf(() => socket.send('x')),
    nothing: nameOf(() => (socket as unknown as { send(): void }).send()),
    closes: [1001, 0, 999, 2999, 5000, 65536 + 1000, NaN, null, 'x'].map((code) =>
      nameOf(() => socket.close(code as number)),
    ),
    reasons: ['x'.repeat(124), 'é'.repeat(62)].map((reason) =>
      nameOf(() => socket.close(1000, reason)),
    ),
    story: await story(
      socket,
      on('open', (open) => open.close(3000.4, 'é'.repeat(61))),
    ),
    twice: nameOf(() => socket.close(1000)),
  };
  const { host, origin } = location;
  const urls = ['/echo', 'echo?a=b c', `${origin}/echo`, `ws://${host}/x/../echo`, `//${host}/`];
  seen['urls'] = [...urls, new URL('/echo', origin)].map((url) => {
    const made = new WebSocket(url);
    made.close();
    return hide(made.url);
  });
  seen['one message of each kind'] = await story(new WebSocket('/echo'), (open, event) => {
    if (event.type !== 'open') return;
    const bytes = new TextEncoder().encode('0123456789');
    open.binaryType = 'nonsense' as BinaryType;
    open.send('text');
    open.send(bytes.subarray(2, 4));
    open.send(new Blob(['bl', 'ob']));
    open.send('after the blob');
    open.send(new DataView(bytes.buffer, 1, 2));
    open.send(bytes.buffer);
    bytes.fill(65);
    open.send('');
    open.send(new Uint8Array());
    open.send(42 as unknown as string);
    open.send({ toString: () => 'object' } as unknown as string);
    open.send('\ufeff\ufeffbyte order marks');
    open.send('lone \ud800 surrogate \u{1f600}');
    seen['buffered'] = open.bufferedAmount;
    let count = 0;
    open.addEventListener('message', () => {
      count += 1;
      open.binaryType = count % 2 === 0 ? 'arraybuffer' : 'blob';
      if (count === 12) seen['buffered at the end'] = open.bufferedAmount;
      if (count === 12) open.close();
    });
  });
  const greet = new WebSocket('/greet');
  seen['a message event'] = await new Promise((resolve) => {
    greet.onmessage = (event) => {
      greet.onmessage = null;
      const data: unknown = event.data;
      const { type, lastEventId, source, ports, bubbles, cancelable, composed } = event;
      const isOwn = event.target === greet && event.currentTarget === greet;
      const from = hide(event.origin);
      resolve({
        type,
        data,
        lastEventId,
        source,
        ports,
        bubbles,
        cancelable,
        composed,
        isOwn,
        from,
      });
    };
  });
  greet.close();
  const closings: Record<string, (open: WebSocket) => void> = {
    'without anything': (open) => open.close(),
    'with a code': (open) => open.close(1000),
    'with a reason': (open) => open.close(4999, 'why'),
    'with a reason alone': (open) => {
      seen['a reason alone'] = nameOf(() => open.close(undefined, 'why'));
      open.close();
    },
    twice: (open) => {
      open.close(3001, 'first');
      open.close(3002, 'second');
    },
    'after sending': (open) => {
      open.send('last words');
      open.close(1000);
      open.send('too late');
      seen['buffered when closing'] = open.bufferedAmount;
    },
  };
  for (const [name, close] of Object.entries(closings)) {
    seen[`closed ${name}`] = await story(new WebSocket('/echo'), on('open', close));
  }
  const paths = [
    'code=1000',
    'code=4000&reason=bye',
    'code=1011&reason=é',
    'code=4000&reason=\ufeff',
    'code=1001',
    '',
  ];
  for (const query of paths) {
    seen[`closed by the app: ${query}`] = await story(new WebSocket(`/close?${query}`));
  }
  const early = new WebSocket('/echo');
  early.close();
  seen['closed while connecting'] = [early.readyState, await story(early)];
  seen['refused'] = await story(new WebSocket('/refuse'));
  seen['a subprotocol nobody asked for'] = await story(new WebSocket('/wrong', 'mine'));
  seen['no subprotocol to one asked'] = await story(
    new WebSocket('/none', 'mine'),
    on('open', (open) => open.close()),
  );
  const chosen = new WebSocket('/echo', ['one', 'two']);
  seen['the subprotocol'] = [
    await story(
      chosen,
      on('open', (open) => open.close()),
    ),
    chosen.protocol,
  ];
  seen['what comes after close'] = await story(
    new WebSocket('/babble'),
    on('message', (open) => open.close(1000)),
  );
  const handled: string[] = [];
  const busy = new WebSocket('/greet');
  await new Promise<void>((resolve) => {
    const note = (text: string) => (): unknown => handled.push(text);
    const abort = new AbortController();
    busy.onmessage = note('handler');
    busy.addEventListener('message', note('once'), { once: true });
    busy.addEventListener('message', note('signal'), { signal: abort.signal });
    busy.addEventListener('message', {
      handleEvent: () => {
        handled.push('object');
        abort.abort();
        busy.onmessage = null;
        busy.onmessage = note('moved');
        if (handled.filter((text) => text === 'object').length === 3) busy.close();
      },
    });
    busy.onclose = function (this: WebSocket) {
      handled.push(String(this === busy));
      resolve();
    };
  });
  const odd = { call: 1 } as unknown as () => void;
  busy.onopen = odd;
  handled.push(String(busy.onopen === odd));
  busy.onopen = 'x' as unknown as null;
  handled.push(String(busy.onopen));
  seen['handlers'] = handled;
  class Chat extends WebSocket {
    readonly extra = 'extra';
    constructor(path: string) {
      super(path);
      this.addEventListener('open', () => this.close(3003, this.extra));
    }
    get shout(): string {
      return hide(this.url).toUpperCase();
    }
  }
  const chat = new Chat('/echo');
  seen['a subclass'] = [
    chat instanceof Chat,
    chat.shout,
    await story(chat),
    Object.prototype.toString.call(chat),
  ];
  const big = new Uint8Array(1024 * 1024).map((_, index) => (index * 7) % 251);
  const large = new WebSocket('/echo');
  large.binaryType = 'arraybuffer';
  const text = 'ü'.repeat(512 * 1024);
  const sizes: unknown[] = [];
  await new Promise<void>((resolve) => {
    large.onopen = () => {
      large.send(big);
      large.send(text);
      sizes.push(large.bufferedAmount);
    };
    large.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) {
        const back = new Uint8Array(data);
        sizes.push(
          back.length,
          back.every((byte, index) => byte === big[index]),
        );
      } else {
        sizes.push(data === text, large.bufferedAmount);
        large.close();
      }
    };
    large.onclose = () => resolve();
  });
  seen['1 MiB'] = sizes;
  return seen;
}
