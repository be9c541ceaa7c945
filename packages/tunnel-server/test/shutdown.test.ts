import { expect, test } from '@jest/globals';
import { CloseCode, type IncomingRequest } from '@wingman/protocol';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { answer } from './support/fake-host.js';
import { FakeViewer, openRelay } from './support/fake-viewer.js';
import { ask, fetchHead, fetchWhole } from './support/http.js';
import { Inbox, until } from './support/inbox.js';
import { abridged } from '../src/server.js';
import { startServer, startSession } from './support/server.js';

/** What Node still has open, apart from what belongs to Jest. */
const handles = () =>
  process.getActiveResourcesInfo().filter((name) => /TCP|UDP|HTTP/.test(name)).length;

test('closing tells everyone, ends every connection and leaves no handle', async () => {
  const before = handles();
  const { host, server } = await startSession();
  const viewer = await FakeViewer.join(host);
  const relay = await openRelay(host);
  await relay.messages.next();
  await fetchWhole(server.port, host.name, '/');
  await server.close(2_000);
  expect((await host.signaling.closed).code).toBe(CloseCode.GOING_AWAY);
  expect((await viewer.client.closed).code).toBe(CloseCode.GOING_AWAY);
  expect((await relay.closed).code).toBe(CloseCode.GOING_AWAY);
  await until(() => handles() <= before);
});

test.each(['port', 'stunPort'])(
  'a start that meets a taken %s leaves nothing running',
  async (taken) => {
    const other = await startServer({ stunEmbedded: true });
    const running = (): string[] => process.getActiveResourcesInfo().sort();
    const before = running();
    const port = taken === 'port' ? other.port : other.stunPort!;
    await expect(startServer({ [taken]: port, stunEmbedded: true })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await until(() => running().length <= before.length);
  },
);

test('a request under way may finish; new connections are not taken', async () => {
  const requests = new Inbox<IncomingRequest>();
  const { host, server } = await startSession({ request: (incoming) => requests.put(incoming) });
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const incoming = await requests.next();
  const closing = server.close(5_000);
  await expect(ClientSocket.open(server.port, 'localhost', '/__wingman/host')).rejects.toThrow();
  answer(incoming, 200, 'finished');
  const response = await fetchHead(sent);
  expect(response.statusCode).toBe(200);
  response.resume();
  await closing;
});

test('what does not finish in time is cut off', async () => {
  const requests = new Inbox<IncomingRequest>();
  const clock = new FakeClock();
  const request = (incoming: IncomingRequest): void => requests.put(incoming);
  const { host, server } = await startSession({ request }, {}, clock);
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const failed = fetchHead(sent).then(
    (response) => response.statusCode,
    () => 'broken',
  );
  await requests.next();
  let isClosed = false;
  const closing = server.close(100).then(() => (isClosed = true));
  clock.advance(99);
  await expect(ClientSocket.open(server.port, 'localhost', '/__wingman/host')).rejects.toThrow();
  expect(isClosed).toBe(false);
  clock.advance(1);
  await closing;
  expect(['broken', 502, 503]).toContain(await failed);
});

test('closing twice is closing once', async () => {
  const server = await startServer();
  await Promise.all([server.close(100), server.close(100)]);
  await server.close(100);
});

test.each([
  ['abcdefghijklmnop', 'abcd…'],
  ['my-app-abcdefghijklmnop', 'my-app-abcd…'],
  ['my-app-abcdefghijklmnop-3000', 'my-app-abcd…-3000'],
  ['no session', 'no session…'],
  [undefined, 'undefined…'],
])('a log has the session %s as %s', (name, logged) => {
  expect(abridged(name)).toBe(logged);
});
