import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  encodeMessage,
  encodeRecord,
  PORT_LIMITS,
  PUSH_LIMITS,
  PushedAnswer,
  PUSHES_TARGET,
  WingmanError,
  type IncomingRequest,
} from '@wingman/protocol';
import { PortMux } from '@wingman/protocol/ports';
import { TunnelFetch, type ReplyBody } from '../src/service-worker/tunnel-fetch.js';
import { UploadReports } from '../src/service-worker/upload-reports.js';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { REQUEST_ID, UPLOAD_PREFIX, uploadChannel } from '../src/shared/request-fields.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { collect, eventually, head } from './support/linked-host.js';
import { get, open, read, setUp } from './support/port-exchange.js';

const MIB = 1024 * 1024;

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

  test.each([
    ['a 304', 304, {}],
    ['a 204', 204, {}],
    ['an answer to HEAD, however long its body would be', 200, { method: 'HEAD' }],
  ])('an answer without a body is one message: %s', async (_what, status, asked) => {
    const { connect, service, messages } = setUp((incoming) => {
      incoming.respond(head(status, [['content-length', '5000000']]), true);
    });
    const opened = jest.spyOn(MessagePort.prototype, 'postMessage');
    const exchange = new TunnelFetch(connect('one'), get('/', asked));
    expect((await exchange.reply()).body).toEqual(new Uint8Array());
    await exchange.done;
    await eventually(() => service.activeCount === 0);
    expect([opened.mock.calls.length, messages()]).toEqual([2, 1]);
    opened.mockRestore();
  });

  describe('an upload that its page wants to hear of', () => {
    /** What a test has begun and must not leave behind. */
    const ends: (() => void)[] = [];
    afterEach(() => {
      for (const end of ends.splice(0)) end();
      jest.useRealTimers();
    });

    /** The tunnel worker holds an answer for as long as it may: here for as long as it takes. */
    function stopTime(): void {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    }

    /** Parts of a body that does not end before the test does. */
    async function* endless(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
      yield* parts;
      await new Promise<void>((resolve) => ends.push(resolve));
    }

    /** A POST of so many bytes, and what its page hears of it. */
    function uploading(serve: (incoming: IncomingRequest) => void, length: number) {
      const id = `${UPLOAD_PREFIX}known/${length}`;
      const heard: unknown[] = [];
      const page = new BroadcastChannel(uploadChannel(id));
      page.onmessage = ({ data }: MessageEvent<unknown>) => {
        heard.push(data);
        page.postMessage('heard');
      };
      const headers: FetchHead['headers'] = [['content-length', String(length)]];
      const reports = UploadReports.of({ headers: new Headers({ [REQUEST_ID]: id }) });
      const fetchHead = get('/', { method: 'POST', hasBody: true, headers });
      const exchange = new TunnelFetch(setUp(serve).connect('one'), fetchHead, reports);
      ends.push(() => page.close());
      return { exchange, heard };
    }

    /** Has the app answer when it has got the first part, and go on reading if it wants to. */
    const answersEarly =
      (parts: number, answered: () => void = () => undefined) =>
      async (incoming: IncomingRequest): Promise<void> => {
        const body = incoming.body[Symbol.asyncIterator]();
        await body.next();
        incoming.respond(head(200, [['content-length', '0']]));
        answered();
        for (let part = 1; part < parts; part += 1) await body.next();
        incoming.end();
      };

    test('is told as sent before the app can answer it, if its length is known', async () => {
      stopTime();
      const { exchange, heard } = uploading((incoming) => void answersEarly(1)(incoming), 4);
      exchange.upload(endless(Uint8Array.of(1, 2, 3, 4)));
      await exchange.reply();
      expect(heard.at(-1)).toEqual({ bytes: 4, isAll: true });
    });

    test('is told as sent before an answer that comes while the app still reads', async () => {
      stopTime();
      let goOn = (): void => undefined;
      const answered = new Promise<void>((resolve) => (goOn = resolve));
      const serve = answersEarly(2, () => goOn());
      const { exchange, heard } = uploading((incoming) => void serve(incoming), 4);
      exchange.upload(
        (async function* () {
          yield Uint8Array.of(1, 2);
          await answered;
          // The answer has come to the tunnel worker, which waits no longer for a small body.
          await settle();
          jest.advanceTimersByTime(PORT_LIMITS.smallBodyWaitMs);
          await settle();
          yield Uint8Array.of(3, 4);
        })(),
      );
      await exchange.reply();
      expect(heard.at(-1)).toEqual({ bytes: 4, isAll: true });
    });

    test('does not hold up the answer of an app that never reads the rest', async () => {
      const { exchange, heard } = uploading((incoming) => void answersEarly(1)(incoming), 4);
      exchange.upload(endless(Uint8Array.of(1, 2)));
      expect((await exchange.reply()).head.status).toBe(200);
      expect(heard).toEqual([{ bytes: 2, isAll: false }]);
    });
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

test('a push stream of a service worker that was killed ends at the host', async () => {
  const streams: IncomingRequest[] = [];
  const { connect, service } = setUp((incoming) => {
    incoming.respond(head(200, []));
    streams.push(incoming);
    const body = new Uint8Array(PUSH_LIMITS.bodyBytes);
    const answer = { target: '/a.js', destination: 'script', head: head(200, []), body };
    const record = encodeRecord(encodeMessage(PushedAnswer, answer));
    const write = async (): Promise<void> => {
      for (let sent = 0; sent < 2 * PUSH_LIMITS.unclaimedBytes; sent += body.byteLength)
        await incoming.write(record);
    };
    write().catch(() => undefined);
  });
  connect('one').open(get(PUSHES_TARGET));
  await eventually(() => streams.length === 1);
  service.onlyInstance('one');
  expect(streams[0]?.signal.aborted).toBe(false);
  service.onlyInstance('two');
  await eventually(() => streams[0]?.signal.aborted === true);
});
