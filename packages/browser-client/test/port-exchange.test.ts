import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PORT_LIMITS, request, type IncomingRequest } from '@wingman/protocol';
import { PortMux } from '@wingman/protocol/ports';
import { TunnelFetch, type ReplyBody } from '../src/service-worker/tunnel-fetch.js';
import { UploadReports } from '../src/service-worker/upload-reports.js';
import type { FetchHead, TunnelPort } from '../src/shared/exchange-messages.js';
import { REQUEST_ID, UPLOAD_PREFIX, uploadChannel } from '../src/shared/request-fields.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { WingmanError } from '@wingman/protocol';
import { FetchService } from '../src/worker/fetch-service.js';
import { toRequestHead } from '../src/worker/messages.js';
import type { SendRequest } from '../src/worker/serve-fetch.js';
import { collect, eventually, head, linkedHost } from './support/linked-host.js';
import { FakeClock } from './support/fake-clock.js';

const MIB = 1024 * 1024;
const open: MessagePort[] = [];
const asked: TunnelFetch[] = [];

afterEach(() => {
  for (const exchange of asked.splice(0)) exchange.abort(new WingmanError('CANCELLED', 'over'));
  for (const port of open.splice(0)) port.close();
});

/** A service worker's port to a tunnel worker whose link leads to `serve`. */
function setUp(serve: (incoming: IncomingRequest) => void) {
  const { mux, viewer } = linkedHost({ request: serve });
  const send: SendRequest = (fetchHead, options) => request(mux, toRequestHead(fetchHead), options);
  const clock = new FakeClock();
  let keepAlives = 0;
  const service = new FetchService(send, () => (keepAlives += 1), clock);
  let messages = 0;
  const connect = (instance: string, portClock?: FakeClock): TunnelPort => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    service.addPort(instance, port2);
    port1.addEventListener('message', () => (messages += 1));
    return new PortMux(port1, portClock === undefined ? {} : { clock: portClock });
  };
  return {
    service,
    connect,
    viewer,
    clock,
    keepAlives: () => keepAlives,
    messages: () => messages,
  };
}

function get(target: string, more: Partial<FetchHead> = {}): FetchHead {
  return {
    method: 'GET',
    target,
    headers: [['Accept', '*/*']],
    destination: 'empty',
    mode: 'cors',
    hasBody: false,
    hasCredentials: true,
    ...more,
  };
}

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) {
    yield await Promise.resolve(new Uint8Array(size).fill(index));
  }
}

/** A body that did not come with its head. */
function streamed(body: ReplyBody): ReadableStream<Uint8Array> {
  if (body instanceof ReadableStream) return body;
  throw new Error('it came as a whole');
}

async function read(body: ReplyBody): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

describe('an exchange over a port', () => {
  test('carries head, body and answer', async () => {
    const { connect, service } = setUp((incoming) => {
      void collect(incoming.body).then(async (body) => {
        incoming.respond(head(201, [['x-method', incoming.head.method]]));
        await incoming.write(Buffer.from(`${incoming.head.headers[0]?.name} ${body.byteLength}`));
        incoming.end();
      });
    });
    const exchange = new TunnelFetch(connect('one'), get('/x', { method: 'POST', hasBody: true }));
    exchange.upload(chunks(40, 100_000));
    const reply = await exchange.reply();
    expect(reply.head.status).toBe(201);
    expect(reply.head.headers).toContainEqual(['x-method', 'POST']);
    expect(Buffer.from(await read(reply.body)).toString()).toBe('accept 4000000');
    await exchange.done;
    await eventually(() => service.activeCount === 0);
  });

  test('a small answer travels in one message, and a POST’s stays until the browser has it', async () => {
    const { connect, service, messages } = setUp((incoming) => {
      incoming.respond(head(200, [['content-length', '5']]));
      void incoming.write(Buffer.from('small')).then(() => incoming.end());
    });
    const port = connect('one');
    const exchange = new TunnelFetch(port, get('/', { method: 'POST' }));
    let isTaken = (): void => undefined;
    const { body } = await exchange.reply(new Promise<void>((resolve) => (isTaken = resolve)));
    expect(Buffer.from(await read(body)).toString()).toBe('small');
    await exchange.done;
    expect(messages()).toBe(1);
    expect(service.activeCount).toBe(1);
    isTaken();
    await eventually(() => service.activeCount === 0);
  });

  test('a small GET is two messages, and leaves nothing behind', async () => {
    const { connect, service, messages } = setUp((incoming) => {
      incoming.respond(head(200, [['content-length', '5']]));
      void incoming.write(Buffer.from('small')).then(() => incoming.end());
    });
    const clock = new FakeClock();
    const port = connect('one', clock);
    const opened = jest.spyOn(MessagePort.prototype, 'postMessage');
    const exchange = new TunnelFetch(port, get('/'));
    // Bytes, not a stream.
    expect((await exchange.reply()).body).toEqual(new Uint8Array(Buffer.from('small')));
    await exchange.done;
    await eventually(() => service.activeCount === 0);
    expect([opened.mock.calls.length, messages()]).toEqual([2, 1]);
    opened.mockRestore();
  });

  test('an upload of a known length is told as sent before the app can answer it', async () => {
    const { connect } = setUp((incoming) => {
      const next = incoming.body[Symbol.asyncIterator]().next();
      void next.then(() => {
        incoming.respond(head(200, [['content-length', '0']]));
        incoming.end();
      });
    });
    const id = `${UPLOAD_PREFIX}known/4`;
    const heard: unknown[] = [];
    const page = new BroadcastChannel(uploadChannel(id));
    page.onmessage = ({ data }: MessageEvent<unknown>) => {
      heard.push(data);
      page.postMessage('heard');
    };
    const fetchHead = get('/', { method: 'POST', hasBody: true });
    const headers: FetchHead['headers'] = [['content-length', '4']];
    const reports = UploadReports.of({ headers: new Headers({ [REQUEST_ID]: id }) });
    const exchange = new TunnelFetch(connect('one'), { ...fetchHead, headers }, reports);
    let end = (): void => undefined;
    exchange.upload(
      (async function* () {
        yield Uint8Array.of(1, 2, 3, 4);
        await new Promise<void>((resolve) => (end = resolve));
      })(),
    );
    await exchange.reply();
    expect(heard.at(-1)).toEqual({ bytes: 4, isAll: true });
    end();
    page.close();
  });

  test('a body that is said to be small and is late does not hold up the head', async () => {
    let goOn = (): void => undefined;
    const { connect } = setUp((incoming) => {
      incoming.respond(head(200, [['content-length', '4']]));
      void incoming.write(Buffer.from('ab'));
      goOn = () => void incoming.write(Buffer.from('cd')).then(() => incoming.end());
    });
    const { body } = await new TunnelFetch(connect('one'), get('/')).reply();
    goOn();
    expect(Buffer.from(await read(body)).toString()).toBe('abcd');
  });

  test('a tunnel worker that shows no sign of life ends it with LINK_LOST; an app may take its time', async () => {
    const clock = new FakeClock();
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    const silence = PORT_LIMITS.signMs * PORT_LIMITS.signLooks;
    const lost = new TunnelFetch(new PortMux(port1, { clock }), get('/')).reply();
    await clock.advance(silence);
    await expect(lost).rejects.toMatchObject({ code: 'LINK_LOST' });

    let answerNow = (): void => undefined;
    const living = setUp((incoming) => {
      answerNow = () => incoming.respond(head(204));
    });
    const slow = new TunnelFetch(living.connect('one', clock), get('/slow'));
    for (let look = 0; look < 3 * PORT_LIMITS.signLooks; look += 1) {
      const before = living.messages();
      await clock.advance(PORT_LIMITS.signMs);
      // The first look asks, and what answers has seen the stream: nothing else is asked.
      await eventually(() => look > 0 || living.messages() > before);
    }
    await eventually(() => clock.timers === 0);
    await clock.advance(100 * silence);
    answerNow();
    expect((await slow.reply()).head.status).toBe(204);
  });

  test('what is under way fails when its port is closed', async () => {
    const { connect } = setUp((incoming) => {
      incoming.respond(head(200));
      void incoming.write(Buffer.from('half'));
    });
    const port = connect('one');
    const { body } = await new TunnelFetch(port, get('/')).reply();
    port.close(new WingmanError('LINK_LOST', 'the worker has ended'));
    await expect(read(body)).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('a body that nobody reads stops the host within the windows', async () => {
    let written = 0;
    const { connect } = setUp((incoming) => {
      incoming.respond(head(200));
      const pump = async (): Promise<void> => {
        for (;;) {
          await incoming.write(new Uint8Array(64 * 1024));
          written += 64 * 1024;
        }
      };
      pump().catch(() => undefined);
    });
    const exchange = new TunnelFetch(connect('one'), get('/endless'));
    const reply = await exchange.reply();
    let last = -1;
    await eventually(async () => {
      const isStill = written === last;
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return isStill;
    });
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(4 * MIB);
    const reader = streamed(reply.body).getReader();
    for (let taken = 0; taken < 2 * MIB;) taken += (await reader.read()).value?.byteLength ?? 0;
    await eventually(() => written > last);
    await reader.cancel();
  });

  test('cancelling the body reaches the host', async () => {
    let aborted: unknown;
    const { connect, service } = setUp((incoming) => {
      incoming.signal.addEventListener('abort', () => {
        aborted = incoming.signal.reason;
      });
      incoming.respond(head(200));
      void incoming.write(Buffer.from('first'));
    });
    const exchange = new TunnelFetch(connect('one'), get('/'));
    const { body } = await exchange.reply();
    await streamed(body).cancel();
    await eventually(() => aborted !== undefined);
    expect(aborted).toMatchObject({ code: 'CANCELLED' });
    await eventually(() => service.activeCount === 0);
  });

  test('giving up before the head reaches the host and rejects the reply', async () => {
    let incoming: IncomingRequest | undefined;
    const { connect } = setUp((request) => (incoming = request));
    const exchange = new TunnelFetch(connect('one'), get('/never'));
    await eventually(() => incoming !== undefined);
    exchange.abort(new WingmanError('CANCELLED', 'gave up'));
    await expect(exchange.reply()).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => incoming?.signal.aborted === true);
  });

  test('a reset before the head rejects with its code; after it, the body fails and does not end', async () => {
    const { connect } = setUp((incoming) => {
      if (incoming.head.target === '/early') return incoming.abort('UPSTREAM_ABORTED');
      incoming.respond(head(200));
      void incoming.write(Buffer.from('half')).then(() => incoming.abort('UPSTREAM_ABORTED'));
    });
    const port = connect('one');
    await expect(new TunnelFetch(port, get('/early')).reply()).rejects.toMatchObject({
      code: 'UPSTREAM_ABORTED',
    });
    const { body } = await new TunnelFetch(port, get('/late')).reply();
    await expect(read(body)).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('a link that dies ends everything with an error', async () => {
    const { connect, viewer } = setUp((incoming) => incoming.respond(head(200)));
    const { body } = await new TunnelFetch(connect('one'), get('/')).reply();
    viewer.close('LINK_LOST');
    await expect(read(body)).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('a request body that breaks off aborts the exchange', async () => {
    let signal: AbortSignal | undefined;
    const { connect } = setUp((incoming) => (signal = incoming.signal));
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(10));
      throw new Error('the file is gone');
    }
    const exchange = new TunnelFetch(connect('one'), get('/', { method: 'POST', hasBody: true }));
    exchange.upload(broken());
    await expect(exchange.reply()).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => signal?.aborted === true);
  });

  test('a service worker that was killed leaves nothing under way, when nobody asks again', async () => {
    const signals: AbortSignal[] = [];
    const { connect, service, clock } = setUp((incoming) => signals.push(incoming.signal));
    const old = new TunnelFetch(connect('old'), get('/'));
    await eventually(() => signals.length === 1);
    connect('new');
    await clock.advance(BROWSER_LIMITS.orphanMs);
    await expect(old.reply()).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => signals[0]?.aborted === true && service.activeCount === 0);
  });

  test('asks to be kept alive while anything is under way, and not after', async () => {
    const { connect, clock, keepAlives, service } = setUp(() => undefined);
    const exchange = new TunnelFetch(connect('one'), get('/'));
    await eventually(() => service.activeCount === 1);
    await clock.advance(11_000);
    expect(keepAlives()).toBe(2);
    exchange.abort(new WingmanError('CANCELLED', 'done'));
    await eventually(() => service.activeCount === 0);
    await clock.advance(20_000);
    expect(keepAlives()).toBe(2);
    expect(clock.timers).toBe(0);
  });
});

describe('a request that comes again because its service worker was killed', () => {
  const post = (length: number): FetchHead =>
    get('/order', {
      method: 'POST',
      hasBody: true,
      headers: [['content-length', String(length)]],
    });

  /** A host that answers with what it was sent, when the test says so. */
  function counter() {
    let answer = (): void => undefined;
    const isDue = new Promise<void>((resolve) => (answer = resolve));
    const bodies: string[] = [];
    const serve = async (incoming: IncomingRequest): Promise<void> => {
      const body = Buffer.from(await collect(incoming.body)).toString();
      bodies.push(body);
      await isDue;
      incoming.respond(head(200));
      await incoming.write(new TextEncoder().encode(`got ${body.slice(0, 9)}`));
      incoming.end();
    };
    return { bodies, answer, serve: (incoming: IncomingRequest) => void serve(incoming) };
  }

  async function* body(text: string, size = 5): AsyncGenerator<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += size) {
      yield await Promise.resolve(bytes.slice(at, at + size));
    }
  }

  function ask(port: TunnelPort, text: string): TunnelFetch {
    const exchange = new TunnelFetch(port, post(text.length));
    exchange.upload(body(text));
    asked.push(exchange);
    return exchange;
  }

  async function textOf(exchange: TunnelFetch): Promise<string> {
    return Buffer.from(await read((await exchange.reply()).body)).toString();
  }

  test('gets the answer of the exchange under way, and the host sees it once', async () => {
    const { serve, bodies, answer } = counter();
    const { connect } = setUp(serve);
    ask(connect('old'), 'one order')
      .reply()
      .catch(() => undefined);
    await eventually(() => bodies.length === 1);
    const again = ask(connect('new'), 'one order');
    answer();
    expect(await textOf(again)).toBe('got one order');
    expect(bodies).toEqual(['one order']);
  });

  test('also when the answer came between the kill and the question', async () => {
    const { serve, bodies, answer } = counter();
    const { connect } = setUp(serve);
    const old = ask(connect('old'), 'one order');
    // The browser never has its head.
    const posted = old.reply(new Promise(() => undefined));
    answer();
    await posted;
    const again = ask(connect('new'), 'one order');
    expect(await textOf(again)).toBe('got one order');
    expect(bodies).toEqual(['one order']);
  });

  test('is told from others with the same head by its body', async () => {
    const { serve, bodies, answer } = counter();
    const { connect } = setUp(serve);
    const old = connect('old');
    for (const text of ['order one', 'order two']) {
      ask(old, text)
        .reply()
        .catch(() => undefined);
    }
    await eventually(() => bodies.length === 2);
    const port = connect('new');
    const [two, new3, one] = [
      ask(port, 'order two'),
      ask(port, 'order 333'),
      ask(port, 'order one'),
    ] as const;
    answer();
    expect(await textOf(two)).toBe('got order two');
    expect(await textOf(one)).toBe('got order one');
    expect(await textOf(new3)).toBe('got order 333');
    expect(bodies.sort()).toEqual(['order 333', 'order one', 'order two']);
  });

  test('goes on with its upload from where it was', async () => {
    const { serve, bodies, answer } = counter();
    const { connect } = setUp(serve);
    const text = 'x'.repeat(3 * MIB);
    const old = new TunnelFetch(connect('old'), post(text.length));
    async function* half(): AsyncGenerator<Uint8Array> {
      yield* body(text.slice(0, MIB), 100_000);
      await new Promise(() => undefined);
    }
    asked.push(old);
    old.upload(half());
    old.reply().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const again = new TunnelFetch(connect('new'), post(text.length));
    again.upload(body(text, 100_000));
    answer();
    expect(await textOf(again)).toBe('got xxxxxxxxx');
    expect(bodies.map((sent) => sent.length)).toEqual([3 * MIB]);
  });
});
