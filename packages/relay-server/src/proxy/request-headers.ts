import type { Header, RequestHead } from '@wingman/protocol';
import { headerValue, stripHopByHop } from '@wingman/protocol';

/** What rewriting needs to know. */
export interface RewriteContext {
  /** `localhost:<port>`, of the port that is asked. */
  readonly authority: string;
  /** `http://localhost:<port>`, of the shared port: the session's origin as the app knows it. */
  readonly appOrigin: string;
  /** The session's origins as browsers see them; none before the first registration. */
  readonly ownOrigins: readonly string[];
  /** Through which door the request came. */
  readonly via: Via;
}

/** A viewer's own link, or the tunnel server's plain HTTP door. */
export type Via = 'viewer' | 'ingress';

/** Written by this host or by its HTTP client, never copied. `expect` was answered at the door, the last is our page's. */
const OURS = new Set([
  ...['host', 'content-length', 'expect', 'http2-settings', 'alt-used', 'wingman-request-id'],
]);

/** Makes the app see a request of a browser on this machine; the result has names and values in turn. */
export function localRequestHeaders(head: RequestHead, context: RewriteContext): string[] {
  const kept = rewrite(head.headers, context).filter(({ name }) => !OURS.has(name));
  const length = head.hasBody ? headerValue(head.headers, 'content-length') : undefined;
  return [
    'host',
    context.authority,
    ...kept
      .filter(({ name }) => !replacedForViewer(name, head, context))
      .flatMap(({ name, value }) => [name, value]),
    ...(length === undefined ? [] : ['content-length', length]),
    ...(context.via === 'viewer' ? viewerHeaders(head, context) : []),
  ];
}

/** The same for a WebSocket's opening request; repeated fields are joined (RFC 9110 section 5.3, RFC 6265 section 5.4). */
export function localUpgradeHeaders(
  headers: Header[],
  context: RewriteContext,
): Record<string, string> {
  const result: Record<string, string> = { host: context.authority };
  for (const { name, value } of rewrite(headers, context)) {
    if (OURS.has(name) || name.startsWith('sec-websocket-')) continue;
    const before = result[name];
    const separator = name === 'cookie' ? '; ' : ', ';
    result[name] = before === undefined ? value : before + separator + value;
  }
  return result;
}

function rewrite(headers: Header[], context: RewriteContext): Header[] {
  return stripHopByHop(headers).map((header) => ({
    ...header,
    value: rewriteOne(header.name, header.value, context),
  }));
}

/** Only our own origin becomes localhost: a foreign site must not gain the developer's trust. */
function rewriteOne(name: string, value: string, context: RewriteContext): string {
  if (name !== 'origin' && name !== 'referer') return value;
  const { appOrigin: local, ownOrigins } = context;
  if (ownOrigins.includes(value)) return local;
  const own = name === 'referer' ? ownOriginOf(value, context) : undefined;
  return own === undefined ? value : local + value.slice(own.length);
}

/** Which of our own origins a URL belongs to. */
function ownOriginOf(url: string, { ownOrigins }: RewriteContext): string | undefined {
  return ownOrigins.find((own) => url === own || url.startsWith(`${own}/`));
}

function replacedForViewer(name: string, head: RequestHead, { via }: RewriteContext): boolean {
  if (via !== 'viewer') return false;
  return name === 'accept-encoding' || (head.mode !== '' && name.startsWith('sec-fetch-'));
}

/** A service worker can't undo compression, and browsers hide Sec-Fetch-* from it. */
function viewerHeaders(head: RequestHead, context: RewriteContext): string[] {
  const encoding = ['accept-encoding', 'identity'];
  return head.mode === '' ? encoding : [...encoding, ...fetchMetadata(head, context)];
}

/** W3C Fetch Metadata, as the app would see it without shell and service worker. */
function fetchMetadata(head: RequestHead, context: RewriteContext): string[] {
  const destination = head.destination === '' ? 'empty' : head.destination;
  const framed = head.mode === 'navigate' && /^i?frame$/.test(destination);
  return [
    'sec-fetch-dest',
    framed ? 'document' : destination,
    'sec-fetch-mode',
    head.mode,
    'sec-fetch-site',
    fetchSite(head, context),
  ];
}

function fetchSite(head: RequestHead, context: RewriteContext): string {
  const source = headerValue(head.headers, 'origin') ?? headerValue(head.headers, 'referer');
  if (source === undefined) return head.mode === 'navigate' ? 'none' : ownSite(context);
  return ownOriginOf(source, context) === undefined ? 'cross-site' : ownSite(context);
}

/** How the app's page stands to the port it asks: `localhost` is one site, whatever the port. */
function ownSite({ authority, appOrigin }: RewriteContext): string {
  if (`http://${authority}` === appOrigin) return 'same-origin';
  return /^localhost(?::|$)/.test(authority) ? 'same-site' : 'cross-site';
}
