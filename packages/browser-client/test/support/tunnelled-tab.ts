import {
  BoundedMap,
  PORTS_TARGET,
  PUSHES_TARGET,
  request,
  WingmanError,
  type Header,
  type IncomingRequest,
  type Link,
} from '@wingman/protocol';
import { PortMux } from '@wingman/protocol/ports';
import { Exchanges } from '../../src/service-worker/exchanges.js';
import { GivenUp } from '../../src/service-worker/given-up.js';
import { HeldPosts } from '../../src/service-worker/held-posts.js';
import { HttpCache } from '../../src/service-worker/http-cache.js';
import { Pushes } from '../../src/service-worker/pushes.js';
import { RedirectedBodies } from '../../src/service-worker/redirected-bodies.js';
import { SharedPorts, type PortFetchTools } from '../../src/service-worker/port-fetch.js';
import type { ShellEntry } from '../../src/service-worker/shell-directory.js';
import { WorkerScripts } from '../../src/service-worker/worker-scripts.js';
import type { TunnelPort } from '../../src/shared/exchange-messages.js';
import { FetchService } from '../../src/worker/fetch-service.js';
import { toRequestHead } from '../../src/worker/messages.js';
import { FakeCaches } from './fake-caches.js';
import { FakeClock } from './fake-clock.js';
import { collect, head, linkedHost } from './linked-host.js';

export const ORIGIN = 'https://s.example';

/** A request as the host has received it. */
interface Received {
  method: string;
  target: string;
  port: number;
  headers: Map<string, string>;
  body: string;
}

type Answer = (incoming: IncomingRequest) => void;

/** Which ports the host says that it shares. */
const SHARED: object = { port: 3000, also: [8080] };

/** A tab with a tunnel, whose host answers and pushes nothing unless `pushes` does, and a service worker that knows the tab. */
export function tunnelledTab(
  answer: Answer,
  found: Partial<ShellEntry> | 'none' = {},
  shared: object = SHARED,
  pushes: Answer = (incoming) => reply(incoming, 404),
) {
  const received: Received[] = [];
  /** What the service worker has asked the host itself: which ports it shares. */
  const questions: Received[] = [];
  const { mux, viewer } = linkedHost({
    request: (incoming) => void receive(incoming, { received, questions, shared, pushes }, answer),
  });
  const service = new FetchService(
    (fetchHead, options) => request(mux, toRequestHead(fetchHead), options),
    () => undefined,
    new FakeClock(),
  );
  const { port1, port2 } = new MessageChannel();
  service.addPort('service-worker', port2);
  const port: TunnelPort = new PortMux(port1);
  const entry: ShellEntry = {
    ...{ tab: 'tab-1', clientId: 'shell-1', port, session: 'session-1', isIsolated: false },
    ...(found === 'none' ? {} : found),
  };
  const clock = new FakeClock();
  const told = toolsOf(found === 'none' ? undefined : entry, clock);
  const close = (): void => {
    viewer.close('LINK_CLOSED');
    port.close(new WingmanError('LINK_CLOSED', 'the test is over'));
    port2.close();
  };
  return {
    ...told,
    clock,
    received,
    questions,
    viewer: viewer as Pick<Link, 'close'>,
    service,
    entry,
    close,
  };
}

async function receive(
  incoming: IncomingRequest,
  {
    received,
    questions,
    shared,
    pushes,
  }: Record<'received' | 'questions', Received[]> & { shared: object; pushes: Answer },
  answer: Answer,
): Promise<void> {
  const { method, target, port, headers } = incoming.head;
  const fields = new Map(headers.map(({ name, value }: Header) => [name, value]));
  const seen = { method, target, port, headers: fields, body: '' };
  if (target === PORTS_TARGET) {
    questions.push(seen);
    return reply(incoming, 200, [], JSON.stringify(shared));
  }
  if (target === PUSHES_TARGET) return pushes(incoming);
  received.push(seen);
  answer(incoming);
  const body = await collect(incoming.body).catch(() => new Uint8Array());
  seen.body = Buffer.from(body).toString();
}

/** Answers whole, with this head and body. */
export function reply(
  incoming: IncomingRequest,
  status = 200,
  headers: [string, string][] = [],
  body = '',
): void {
  incoming.respond(head(status, headers));
  void incoming.write(Buffer.from(body)).catch(() => undefined);
  incoming.end();
}

/** What answering takes, with what has been told of it. */
function toolsOf(entry: ShellEntry | undefined, clock: FakeClock) {
  const complaints: string[] = [];
  const files: string[] = [];
  const tools: PortFetchTools = {
    // The directory has tests of its own: here it has found its tab already.
    directory: {
      find: () => Promise.resolve(entry),
      ofTab: () => Promise.resolve(entry),
    } as unknown as PortFetchTools['directory'],
    exchanges: new Exchanges(
      () => Promise.resolve(false),
      () => Promise.resolve(false),
    ),
    givenUp: new GivenUp(),
    surroundings: { origin: ORIGIN, userAgent: 'agent', languages: ['en'] },
    cache: new HttpCache('1', new FakeCaches().asCaches),
    posts: new HeldPosts(),
    pushes: new Pushes(clock),
    bodies: new RedirectedBodies(),
    sharedPorts: new SharedPorts(),
    workerScripts: new WorkerScripts(() => Promise.resolve('shim()')),
    preflights: new BoundedMap(8),
    complain: (_, text) => complaints.push(text),
    tellOfFile: ({ clientId }, saved) => {
      files.push(`${clientId} begins`);
      void saved.then(() => files.push(`${clientId} ends`));
    },
  };
  return { tools, complaints, files };
}

/** What a browser says of a request beside what scripts can ask for. */
interface BrowsersOwn {
  mode?: string;
  destination?: string;
}

/** What of a FetchEvent answering takes. */
interface AskedEvent {
  request: Request;
  clientId: string;
  resultingClientId: string;
  handled: Promise<unknown>;
  isForWorker?: boolean;
}

/** A FetchEvent for this request. */
export function asked(
  url: string,
  { mode, destination, ...init }: Omit<RequestInit, 'mode'> & BrowsersOwn = {},
  more: Partial<AskedEvent> = {},
): AskedEvent {
  const made = new Request(url, init);
  // Scripts can't make requests of these kinds, only browsers can.
  if (mode !== undefined) Object.defineProperty(made, 'mode', { value: mode });
  if (destination !== undefined) Object.defineProperty(made, 'destination', { value: destination });
  const ids = { clientId: 'page-1', resultingClientId: '' };
  return { request: made, ...ids, handled: Promise.resolve(), ...more };
}

/** What a frame's navigation is to a service worker. */
export const FRAME = { mode: 'navigate', destination: 'iframe', headers: { accept: 'text/html' } };
