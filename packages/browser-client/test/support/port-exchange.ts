import { afterEach } from '@jest/globals';
import { request, WingmanError, type IncomingRequest } from '@wingman/protocol';
import { PortMux } from '@wingman/protocol/ports';
import type { ReplyBody, TunnelFetch } from '../../src/service-worker/tunnel-fetch.js';
import type { FetchHead, TunnelPort } from '../../src/shared/exchange-messages.js';
import { FetchService } from '../../src/worker/fetch-service.js';
import { toRequestHead } from '../../src/worker/messages.js';
import type { SendRequest } from '../../src/worker/serve-fetch.js';
import { FakeClock } from './fake-clock.js';
import { linkedHost } from './linked-host.js';

export const open: MessagePort[] = [];
export const asked: TunnelFetch[] = [];

afterEach(() => {
  for (const exchange of asked.splice(0)) exchange.abort(new WingmanError('CANCELLED', 'over'));
  for (const port of open.splice(0)) port.close();
});

/** A service worker's port to a tunnel worker whose link leads to `serve`. */
export function setUp(serve: (incoming: IncomingRequest) => void) {
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

export function get(target: string, more: Partial<FetchHead> = {}): FetchHead {
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

export async function read(body: ReplyBody): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body).arrayBuffer());
}
