import { ExchangeObservers } from '@wingman/protocol';
import { answer } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { LinkStatus } from '../shared/status.js';
import type { ShellToWorker, StartOptions, WorkerToShell } from '../shared/worker-messages.js';
import { withAsciiFields } from './ascii-fields.js';
import { TabCookies } from './cookies.js';
import { Downloads } from './downloads.js';
import { FetchService } from './fetch-service.js';
import { observed, observedSockets } from './observed-exchanges.js';
import { withFirstReferrer } from './preload.js';
import { ServedWebSocket, SocketLobby, type OpenSocket } from './serve-web-socket.js';
import { Tunnel } from './tunnel.js';

declare const self: DedicatedWorkerGlobalScope;

const tell = (message: WorkerToShell): void => self.postMessage(message);
/** What runs from `start` on. */
interface Parts {
  tunnel: Tunnel;
  fetches: FetchService;
  cookies: TabCookies;
  openSocket: OpenSocket;
}

let parts: Parts | undefined;
/** Of every request and every WebSocket that leaves this tab by its tunnel. */
const observers = new ExchangeObservers((error) => console.error(error));
const downloads = new Downloads(self.origin);

self.onmessage = (event: MessageEvent<ShellToWorker>) => {
  const message = event.data;
  if (message.kind === 'start') parts = start(message.options);
  else if (parts !== undefined) handle(message, parts);
};

function start(options: StartOptions): Parts {
  const cookies = new TabCookies(options.cookies, (change, reply) =>
    self.postMessage({ kind: 'site-data', change, reply } satisfies WorkerToShell, [reply]),
  );
  const tunnel = new Tunnel({ ...options, cookies, tell });
  const status = (): LinkStatus => tunnel.status();
  const send = withAsciiFields(withFirstReferrer(options.preload, tunnel.request));
  const fetches = new FetchService(observed(downloads.through(send), observers, status), () =>
    tell({ kind: 'keep-alive' }),
  );
  setInterval(() => tell({ kind: 'status', status: status() }), BROWSER_LIMITS.statusRefreshMs);
  const openSocket = observedSockets(tunnel.openWebSocket, observers, status);
  return { tunnel, fetches, cookies, openSocket };
}

function handle(
  message: Exclude<ShellToWorker, { kind: 'start' }>,
  { tunnel, fetches, cookies, openSocket }: Parts,
): void {
  switch (message.kind) {
    case 'tab':
      return serveWorkers(message.tab, openSocket);
    case 'service-worker':
      return fetches.addPort(message.instance, message.port);
    case 'service-worker-alive':
      return fetches.onlyInstance(message.instance);
    case 'web-socket':
      return serveSocket(message, openSocket);
    case 'cookies':
      return cookies.update(message.cookies);
    case 'download':
      return downloads.announce(message.url, message.name);
    case 'prefer':
      return tunnel.choose({ preference: message.preference });
    case 'spare-relay':
      return tunnel.choose({ sparesRelay: message.isSpared });
    case 'watched':
      return tunnel.watched(message.isWatched);
    case 'wake':
      return tunnel.wake();
    case 'renew-relay':
      return tunnel.renewRelay();
    case 'status':
      return answer(message.reply, tunnel.status());
    case 'ping':
      return tell({ kind: 'status', status: tunnel.status() });
    default:
      return handleDirect(message, tunnel);
  }
}

type DirectKind = 'p2p-channel' | 'p2p-fingerprints' | 'p2p-way' | 'p2p-ended' | 'lane';

/** News of the peer connections, which only the page can make. */
function handleDirect(message: Extract<ShellToWorker, { kind: DirectKind }>, tunnel: Tunnel): void {
  switch (message.kind) {
    case 'p2p-channel':
      return tunnel.takeChannel(message.attempt, message.end);
    case 'p2p-fingerprints':
      return tunnel.setFingerprints(message.attempt, message.fingerprints);
    case 'p2p-way':
      return tunnel.setWay(message.attempt, message.way);
    case 'p2p-ended':
      return tunnel.endChannel(message.attempt);
    case 'lane':
      return tunnel.handleLane(message.lane, message.step);
  }
}

function serveSocket(
  { port, request }: Extract<ShellToWorker, { kind: 'web-socket' }>,
  openSocket: OpenSocket,
): void {
  void new ServedWebSocket(port).run((signal) => openSocket(request, { signal }));
}

function serveWorkers(tab: string, openSocket: OpenSocket): void {
  const { locks } = navigator as { locks?: LockManager };
  if (locks !== undefined) new SocketLobby(tab, openSocket, locks);
}
