import { ExchangeObservers } from '@wingman/protocol';
import { answer } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { ShellToWorker, WorkerToShell } from '../shared/worker-messages.js';
import { withAsciiFields } from './ascii-fields.js';
import { TabCookies } from './cookies.js';
import { Downloads } from './downloads.js';
import { FetchService } from './fetch-service.js';
import { withFirstReferrer } from './first-referrer.js';
import { observed } from './observed-requests.js';
import { ServedWebSocket } from './serve-web-socket.js';
import { SocketLobby } from './socket-lobby.js';
import { Tunnel } from './tunnel.js';

declare const self: DedicatedWorkerGlobalScope;

const tell = (message: WorkerToShell): void => self.postMessage(message);
let tunnel: Tunnel | undefined;
let fetches: FetchService | undefined;
let cookies: TabCookies | undefined;
/** Of every request that leaves this tab by its tunnel. */
const observers = new ExchangeObservers((error) => console.error(error));
const downloads = new Downloads(self.origin);

self.onmessage = (event: MessageEvent<ShellToWorker>) => {
  const message = event.data;
  if (message.kind === 'start') return start(message);
  if (tunnel !== undefined && fetches !== undefined) handle(message, tunnel, fetches);
};

function start({ options }: Extract<ShellToWorker, { kind: 'start' }>): void {
  cookies = new TabCookies(options.cookies, (change, reply) =>
    self.postMessage({ kind: 'site-data', change, reply } satisfies WorkerToShell, [reply]),
  );
  const started = new Tunnel({ ...options, cookies, tell });
  tunnel = started;
  const send = withAsciiFields(withFirstReferrer(options.preload, started.request));
  const request = downloads.through(send);
  fetches = new FetchService(
    observed(request, observers, () => started.status()),
    () => tell({ kind: 'keep-alive' }),
  );
  setInterval(
    () => tell({ kind: 'status', status: started.status() }),
    BROWSER_LIMITS.statusRefreshMs,
  );
}

function handle(
  message: Exclude<ShellToWorker, { kind: 'start' }>,
  tunnel: Tunnel,
  fetches: FetchService,
): void {
  switch (message.kind) {
    case 'tab':
      return serveWorkers(message.tab, tunnel);
    case 'service-worker':
      return fetches.addPort(message.instance, message.port);
    case 'service-worker-alive':
      return fetches.onlyInstance(message.instance);
    case 'web-socket':
      return openSocket(message, tunnel);
    case 'p2p-channel':
      return tunnel.takeChannel(message.attempt, message.end);
    case 'p2p-fingerprints':
      return tunnel.setFingerprints(message.attempt, message.fingerprints);
    case 'p2p-ended':
      return tunnel.endChannel(message.attempt);
    case 'cookies':
      return cookies?.update(message.cookies);
    case 'download':
      return downloads.announce(message.url, message.name);
    case 'prefer':
      return tunnel.prefer(message.preference);
    case 'wake':
      return tunnel.wake();
    case 'status':
      return answer(message.reply, tunnel.status());
  }
}

function openSocket(
  { port, request }: Extract<ShellToWorker, { kind: 'web-socket' }>,
  tunnel: Tunnel,
): void {
  void new ServedWebSocket(port).run((signal) => tunnel.openWebSocket(request, signal));
}

function serveWorkers(tab: string, tunnel: Tunnel): void {
  const { locks } = navigator as { locks?: LockManager };
  if (locks === undefined) return;
  new SocketLobby(tab, (request, signal) => tunnel.openWebSocket(request, signal), locks);
}
