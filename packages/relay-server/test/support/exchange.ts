import {
  ExchangeObservers,
  FairShare,
  IncomingRequest,
  LIMITS,
  Link,
  Mux,
  newLinkId,
  systemClock,
} from '@wingman/protocol';
import { Entrance } from '../../src/entry/entrance.js';
import { CookieJars } from '../../src/cookies/cookie-jars.js';
import type { Answer, ExchangeContext } from '../../src/exchange/exchange.js';
import { SpeedAllowance } from '../../src/exchange/speed-allowance.js';
import { HttpExchange } from '../../src/exchange/http-exchange.js';
import type { Via } from '../../src/local/local-ports.js';
import { LocalPorts } from '../../src/local/local-ports.js';
import { requestHead, SESSION_ORIGIN } from './tunnel.js';

export const PORT = 3000;
export const ALSO = 8080;

/** What a host with two ports gives an exchange. */
export function contextOf(via: Via = 'viewer'): ExchangeContext {
  return {
    via,
    ingressKey: undefined,
    ports: new LocalPorts(PORT, [ALSO]),
    jars: new CookieJars(),
    compressor: undefined,
    pace: () => ({ perSecond: 0, isFull: false, roundTripMs: null }),
    pageOrigins: new Map(),
    entrance: new Entrance(),
    speed: new SpeedAllowance(systemClock),
    isReadOnly: false,
    room: undefined,
    clock: systemClock,
    opener: 'opener',
    messageBounds: { share: new FairShare(LIMITS.webSocketHeldBytes), clock: systemClock },
    viewer: () => 'viewer',
    sessionOrigin: () => SESSION_ORIGIN,
    bareOrigins: [],
    hostHeader: 'localhost',
    draining: new AbortController().signal,
  };
}

/** An exchange before its first step, on a link that nothing carries. */
export function exchangeOf(
  fields: Parameters<typeof requestHead>[0] = {},
  via: Via = 'viewer',
  context: Partial<ExchangeContext> = {},
): HttpExchange {
  const asked = requestHead(fields);
  const link = new Link({ id: newLinkId(), role: 'initiator' });
  const incoming = new IncomingRequest(new Mux(link).open(new Uint8Array(1)), asked);
  const path = () => link.path;
  const observation = new ExchangeObservers().begin({ kind: 'http', link: link.id, asked, path });
  // Nothing waits for a carrier that never comes.
  link.close('LINK_CLOSED');
  return new HttpExchange(incoming, { ...contextOf(via), ...context }, observation);
}

/** An answer as the app may give it; `headers` are names and values in turn. */
export function answerOf(headers: string[], status = 200, body: string[] = []): Answer {
  const pieces = body.map((text) => Buffer.from(text));
  return {
    status,
    statusText: '',
    headers: requestHead({ headers }).headers,
    body: (async function* () {
      for (const piece of pieces) yield piece;
    })(),
    trailers: () => [],
  };
}
