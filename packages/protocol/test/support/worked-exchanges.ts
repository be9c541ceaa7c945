import { create } from '../../src/exchange/proto-message.js';
import { MemoryCarrier } from '../../src/carrier/memory-carrier.js';
import { acceptExchanges, type ExchangeHandlers } from '../../src/exchange/accept-exchanges.js';
import { header } from '../../src/exchange/headers.js';
import type { IncomingRequest } from '../../src/exchange/incoming-request.js';
import type { IncomingWebSocket } from '../../src/exchange/incoming-websocket.js';
import { openWebSocket } from '../../src/exchange/open-websocket.js';
import { request } from '../../src/exchange/request.js';
import { RequestHead, ResponseHead, WebSocketOpen } from '../../src/gen/wingman/v1/exchange.js';
import { Link } from '../../src/link/link.js';
import { Mux, type MuxOptions } from '../../src/mux/mux.js';
import { toHex } from '../../src/wire/bytes.js';
import { FakeClock, settle } from './fake-clock.js';
import { collect, LINK_ID } from './linked-pair.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Two ends on a wire whose numbered frames are written down as the specification shows them. */
function recordedPair(
  handlers: Partial<ExchangeHandlers>,
  options: MuxOptions = {},
): { lines: string[]; mux: Mux } {
  const lines: string[] = [];
  const carrier = (arrow: string): MemoryCarrier =>
    new MemoryCarrier((message, arrive) => {
      if (message[0] === 0x00) lines.push(`${arrow} ${toHex(message)}`);
      queueMicrotask(() => arrive(message));
    });
  const clock = new FakeClock();
  const initiator = new Link({ id: LINK_ID, role: 'initiator', clock });
  const acceptor = new Link({ id: LINK_ID, role: 'acceptor', clock });
  const [left, right] = [carrier('>'), carrier('<')];
  left.peer = right;
  right.peer = left;
  initiator.attach(left, 'relay');
  acceptor.attach(right, 'relay');
  const ignore = (): void => undefined;
  acceptExchanges(acceptor, { request: ignore, webSocket: ignore, ...handlers });
  return { lines, mux: new Mux(initiator, options) };
}

/** POST /hi with the body "ping", answered 200 with the body "pong" and a trailer. */
export async function httpExchange(): Promise<string[]> {
  const answer = async (incoming: IncomingRequest): Promise<void> => {
    await collect(incoming.body);
    const headers = [header('content-type', 'text/plain')];
    incoming.respond(create(ResponseHead, { status: 200, statusText: 'OK', headers }));
    await incoming.write(text('pong'));
    incoming.end([header('sum', '4')]);
  };
  const { lines, mux } = recordedPair({ request: (incoming) => void answer(incoming) });
  async function* ping(): AsyncGenerator<Uint8Array> {
    yield text('ping');
  }
  const head = create(RequestHead, { method: 'POST', target: '/hi', hasBody: true });
  await collect((await request(mux, head, { body: ping() })).body);
  return lines;
}

/** GET /a, /a and /b with the same field, one after the other, each answered 204 with a field. */
export async function packedExchange(): Promise<string[]> {
  const answer = (incoming: IncomingRequest): void => {
    const headers = [header('vary', 'origin')];
    incoming.respond(create(ResponseHead, { status: 204, headers }), true);
  };
  const { lines, mux } = recordedPair({ request: answer }, { unpacksHeads: true });
  for (const target of ['/a', '/a', '/b']) {
    const headers = [header('accept', '*/*')];
    const response = await request(mux, create(RequestHead, { method: 'GET', target, headers }));
    await collect(response.body);
  }
  return lines;
}

/** A WebSocket to /ws with the subprotocol "chat": one text message, its echo, and the close. */
export async function webSocketExchange(): Promise<string[]> {
  const answer = async (incoming: IncomingWebSocket): Promise<void> => {
    const socket = incoming.accept({ protocol: 'chat' });
    const message = await socket.receive();
    if (typeof message === 'string') await socket.send(message);
    await socket.receive();
  };
  const { lines, mux } = recordedPair({ webSocket: (incoming) => void answer(incoming) });
  const open = create(WebSocketOpen, { target: '/ws', protocols: ['chat'] });
  const socket = openWebSocket(mux, open);
  await socket.accepted;
  await socket.send('hello');
  await socket.receive();
  socket.close(1000, 'done');
  await settle();
  return lines;
}
