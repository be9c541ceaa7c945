import { describe, expect, test } from '@jest/globals';
import type { IncomingRequest } from '@wingman/protocol';
import { TunnelFetch } from '../src/service-worker/tunnel-fetch.js';
import type { FetchHead, TunnelPort } from '../src/shared/exchange-messages.js';
import { collect, eventually, head } from './support/linked-host.js';
import { asked, get, read, setUp } from './support/port-exchange.js';

const MIB = 1024 * 1024;

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
    let isStuck = false;
    async function* half(): AsyncGenerator<Uint8Array> {
      yield* body(text.slice(0, MIB), 100_000);
      isStuck = true;
      await new Promise(() => undefined);
    }
    asked.push(old);
    old.upload(half());
    old.reply().catch(() => undefined);
    await eventually(() => isStuck);
    const again = new TunnelFetch(connect('new'), post(text.length));
    again.upload(body(text, 100_000));
    answer();
    expect(await textOf(again)).toBe('got xxxxxxxxx');
    expect(bodies.map((sent) => sent.length)).toEqual([3 * MIB]);
  });
});
