import { isIP } from 'node:net';
import type { Header } from '@wingman/protocol';
import { header, headerValue } from '@wingman/protocol';
import { ownOrigins, without, type Exchange } from './exchange.js';

// What the app is called: by its own machine, and by those who visit the session.

/** What the Host field of a request to the app says. */
export function hostOf(exchange: Exchange): string {
  const { asked, context, local } = exchange;
  const { loopback } = local;
  if (asked.port !== 0) {
    // A page may call this machine by each of its names, and servers tell them apart; by no other.
    const host = headerValue(asked.headers, 'host') ?? '';
    return loopback.names.includes(host) ? host : loopback.authority;
  }
  if (context.hostHeader === 'localhost') return loopback.authority;
  if (context.hostHeader !== 'session') return context.hostHeader;
  const origin = publicOrigin(exchange);
  return origin === undefined ? loopback.authority : new URL(origin).host;
}

/** The session's origin as the app knows it: what it is to find in Origin and Referer. */
export function appOrigin(exchange: Exchange): string {
  const { hostHeader, ports } = exchange.context;
  const { authority } = ports.shared.loopback;
  if (hostHeader === 'localhost') return `http://${authority}`;
  if (hostHeader !== 'session') return `http://${hostHeader}`;
  return publicOrigin(exchange) ?? `http://${authority}`;
}

/** What the origins of the host's pages are on this machine: the session's own origins, and those of other ports. */
export function localOrigins(exchange: Exchange): ReadonlyMap<string, string> {
  const { context } = exchange;
  const others = [...context.pageOrigins].map(
    ([port, origin]) => [origin, `http://localhost:${port}`] as const,
  );
  const own = ownOrigins(context).map((origin) => [origin, appOrigin(exchange)] as const);
  return new Map([...others, ...own]);
}

/** Which of the session's addresses the opener has used: the tunnel server says it of the ingress's clients. */
export function publicOrigin({ asked, context }: Exchange): string | undefined {
  if (context.via === 'viewer') return context.sessionOrigin();
  const host = headerValue(asked.headers, 'x-forwarded-host') ?? '';
  const named = `${headerValue(asked.headers, 'x-forwarded-proto') ?? ''}://${host}`;
  return context.bareOrigins.includes(named) ? named : context.sessionOrigin();
}

/**
 * Tells an app that has asked for another name than localhost how it is reached (RFC 7239, and the older
 * fields). An app that was not told so must not hear of it: Rails and Next.js hold X-Forwarded-Host against
 * the list of their hosts and against Origin, and would refuse what localhost may.
 */
export function sayForwarded(exchange: Exchange): void {
  const { asked, request, context } = exchange;
  const origin = publicOrigin(exchange);
  if (asked.port !== 0 || origin === undefined) return;
  if (context.hostHeader === 'localhost') return keepToLocalhost(exchange);
  const { host, protocol } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  request.headers = [
    ...without(request.headers, ...FORWARDED),
    header('x-forwarded-host', host),
    header('x-forwarded-proto', scheme),
    header('forwarded', `${clientOf(request.headers)}host="${host}";proto=${scheme}`),
  ];
}

/**
 * The tunnel server names the session in what comes by plain HTTP. Beside an Origin that says localhost that would be a
 * contradiction: such a request is from a page of the app's own.
 */
function keepToLocalhost({ asked, request, context }: Exchange): void {
  const isOwn = ownOrigins(context).includes(headerValue(asked.headers, 'origin') ?? '');
  if (context.via === 'ingress' && isOwn) {
    request.headers = without(request.headers, ...FORWARDED);
  }
}

const FORWARDED = ['x-forwarded-host', 'x-forwarded-proto', 'forwarded'];

/** Who has asked, where the tunnel server knows it. */
function clientOf(headers: readonly Header[]): string {
  const [first = ''] = (headerValue(headers, 'x-forwarded-for') ?? '').split(',', 1);
  const address = first.trim();
  // The first entry may be the client's own invention, and must not add parameters to the field.
  const family = isIP(address);
  if (family === 0) return '';
  return family === 6 ? `for="[${address}]";` : `for=${address};`;
}
