import { describe, expect, test } from '@jest/globals';
import {
  request,
  TOGETHER_TARGET,
  type HttpResponse,
  type Place,
  type TogetherEvent,
} from '@wingman/protocol';
import { LocalApp } from '../src/exchange/local-app.js';
import { RecordStore } from '../src/inspector/record-store.js';
import { recorder } from '../src/inspector/recorder.js';
import { HOST_LIMITS } from '../src/limits.js';
import { cleanups } from './support/cleanups.js';
import { listen } from './support/servers.js';
import { openTunnel, requestHead, SESSION_ORIGIN } from './support/tunnel.js';
import { until } from './support/until.js';

const PLACE: Place = { path: '/a', scroll: [0, 0.5], pointer: [0.5, 0.5] };

async function shared(options: ConstructorParameters<typeof LocalApp>[2] = {}) {
  const heard: string[] = [];
  const server = await listen((incoming, response) => {
    heard.push(String(incoming.url));
    response.end('the app');
  });
  cleanups.push(() => server.close());
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, options);
  cleanups.push(() => app.close());
  return { app, heard, port: server.port };
}

type World = Awaited<ReturnType<typeof shared>>;

function tab({ app, port }: World, via: 'viewer' | 'ingress' = 'viewer') {
  const { hostLink, mux } = openTunnel(port, via, app, 'ann');
  cleanups.push(() => hostLink.close('LINK_CLOSED'));
  const join = (as: string, method = 'GET'): Promise<HttpResponse> =>
    request(mux, requestHead({ method, target: `${TOGETHER_TARGET}?as=${as}` }));
  const post = (text: string): Promise<HttpResponse> =>
    request(mux, requestHead({ method: 'POST', target: TOGETHER_TARGET, hasBody: true }), {
      body: bodyOf(text),
    });
  return { hostLink, join, post };
}

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

/** Reads one event after the other, until one of this kind comes. */
function reader({ body }: HttpResponse) {
  const pieces = body[Symbol.asyncIterator]();
  let text = '';
  return async (kind: TogetherEvent['event']): Promise<TogetherEvent | undefined> => {
    for (;;) {
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = JSON.parse(text.slice('data: '.length, end)) as TogetherEvent;
        text = text.slice(end + 2);
        if (event.event === kind) return event;
      }
      const piece = await pieces.next();
      if (piece.done === true) return undefined;
      text += Buffer.from(piece.value).toString();
    }
  };
}

async function leading(world: World) {
  const leader = tab(world);
  const welcome = await reader(await leader.join('lead'))('welcome');
  const token = welcome?.event === 'welcome' ? welcome.token : '';
  const move = async (place: unknown = PLACE, by = token): Promise<number> =>
    (await leader.post(JSON.stringify({ token: by, place }))).head.status;
  return { ...leader, move };
}

test('the place of one tab reaches another over their links, and never the app', async () => {
  const world = await shared();
  const events = await tab(world).join('follow');
  expect(events.head.status).toBe(200);
  const hear = reader(events);
  await hear('welcome');
  const { move } = await leading(world);
  expect(await move()).toBe(200);
  expect(await hear('place')).toEqual({ event: 'place', place: PLACE });
  expect(world.heard).toEqual([]);
});

describe('is refused', () => {
  test('what is no place, a token of nobody’s, and a way to take part that isn’t one', async () => {
    const world = await shared();
    const { join, move, post } = await leading(world);
    expect(await move({ ...PLACE, path: 'javascript:alert(1)' })).toBe(400);
    expect(await move({ ...PLACE, path: '//elsewhere.example' })).toBe(400);
    expect(await move(PLACE, 'guessed')).toBe(403);
    expect((await post('{')).head.status).toBe(400);
    expect((await post('null')).head.status).toBe(400);
    expect((await post('x'.repeat(HOST_LIMITS.togetherMoveBytes + 1))).head.status).toBe(400);
    expect((await join('constructor')).head.status).toBe(400);
  });

  test('a second leader', async () => {
    const world = await shared();
    await leading(world);
    expect((await tab(world).join('lead')).head.status).toBe(409);
  });

  test('what comes too often', async () => {
    const { move } = await leading(await shared());
    const moves = Array.from({ length: 3 * HOST_LIMITS.togetherMovesPerSecond }, () => move());
    expect(await Promise.all(moves)).toContain(429);
  });

  test('plain HTTP, which the server could read', async () => {
    const { join } = tab(await shared(), 'ingress');
    expect((await join('watch')).head.status).toBe(404);
  });

  test('everybody, when the developer has turned it off', async () => {
    const { join, post } = tab(await shared({ isTogether: false }));
    expect((await join('watch')).head.status).toBe(404);
    expect((await post('{}')).head.status).toBe(404);
  });
});

test('HEAD takes no part', async () => {
  const world = await shared();
  expect((await tab(world).join('lead', 'HEAD')).head.status).toBe(200);
  await leading(world);
});

test('a tab whose link is gone no longer leads', async () => {
  const world = await shared();
  const { hostLink } = await leading(world);
  hostLink.close('LINK_LOST');
  const next = tab(world);
  await until(() => world.app.activeExchanges === 0, 'the place is free');
  expect((await next.join('lead')).head.status).toBe(200);
});

test('nobody keeps a host from stopping', async () => {
  const world = await shared();
  const hear = reader(await tab(world).join('watch'));
  await hear('here');
  await world.app.drain();
  expect(await hear('place')).toBeUndefined();
  expect(world.app.activeExchanges).toBe(0);
});

test('the inspector keeps nothing of it', async () => {
  const world = await shared();
  const store = new RecordStore();
  world.app.observe(recorder(store, { sharedPort: world.port, rttOf: () => null }));
  const { move } = await leading(world);
  await move();
  expect(store.all).toEqual([]);
});
