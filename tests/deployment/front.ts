import { once } from 'node:events';
import { WebSocket } from 'ws';
import { startFixtureApp } from '../support/fixture-app.js';
import { eventually } from '../support/program.js';
import { RelayViewer } from '../support/relay-viewer.js';
import { Share, startServer } from '../support/share.js';
import { curl, digestOfZeros } from './curl.js';

/** A proxy that ends TLS for `localhost` and `*.localhost`. */
export interface Front {
  /** Where it listens, on loopback. */
  readonly port: number;
  /** Where it expects the tunnel server. */
  readonly upstream: number;
  /** The file of the certificate that clients have to trust. */
  readonly authority: string;
}

const BODY_MIB = Number(process.env['WINGMAN_BODY_MIB'] ?? '1024');
/** What isn't buffered on its way is there much sooner. */
const FIRST_BYTE_SECONDS = 2;

/** Shares an app through a server behind a proxy, and tries everything that proxies break, and `besides`. */
export async function tryFront(
  front: Front,
  besides: (share: Share) => Promise<string[]> = () => Promise.resolve([]),
): Promise<string[]> {
  const app = await startFixtureApp();
  const url = `https://localhost:${front.port}`;
  const server = await startServer([
    '--port',
    String(front.upstream),
    '--public-url',
    url,
    '--trust-proxy',
  ]);
  const trust = { NODE_EXTRA_CA_CERTS: front.authority };
  await eventually(
    'the proxy answers',
    async () => (await curl(`${url}/healthz`)).status === '200',
  );
  const share = await Share.start(
    app.port,
    ['--server', url, '--ingress', 'open', '--no-p2p'],
    trust,
  );
  try {
    return [
      ...(await besides(share)),
      await plain(share),
      await webSocket(share),
      await bodies(share),
      await eventStream(share),
      await relay(share),
    ];
  } finally {
    await share.stop();
    await server.program.stop();
    await app.close();
  }
}

/** The app over HTTP/2, and what the app is told of the client. */
async function plain(share: Share): Promise<string> {
  const { body, status, version } = await curl(`${share.origin}/headers`);
  const seen = JSON.parse(body) as Record<string, string>;
  demand('a page', [status, version], ['200', '2']);
  demand('the scheme', seen['x-forwarded-proto'], 'https');
  if (!(seen['x-forwarded-for'] ?? '').startsWith('127.0.0.1')) throw new Error(body);
  return 'HTTP/2, and the app is told of the client';
}

async function webSocket(share: Share): Promise<string> {
  const { host } = new URL(share.origin);
  const socket = new WebSocket(`wss://127.0.0.1:${new URL(share.origin).port}/ws`, {
    ...{
      rejectUnauthorized: false,
      servername: new URL(share.origin).hostname,
      headers: { host },
    },
  });
  await once(socket, 'open');
  socket.send('hello');
  const [data] = (await once(socket, 'message')) as [Buffer];
  demand('an echo', data.toString(), 'hello');
  socket.close(4321);
  const [code] = (await once(socket, 'close')) as [number];
  demand('the close code', code, 4321);
  return 'WebSockets, with their close codes';
}

async function bodies(share: Share): Promise<string> {
  const began = performance.now();
  const up = await curl(`${share.origin}/hash`, { uploadMib: BODY_MIB });
  demand('an upload', up.body, digestOfZeros(BODY_MIB));
  const down = await curl(`${share.origin}/bytes?n=${BODY_MIB * 1024 * 1024}`, {
    discards: true,
  });
  demand('a download', [down.status, down.bytes], ['200', BODY_MIB * 1024 * 1024]);
  const seconds = (performance.now() - began) / 1000;
  return `${BODY_MIB} MiB up and down in ${seconds.toFixed(0)} s`;
}

async function eventStream(share: Share): Promise<string> {
  const { body, firstByteSeconds } = await curl(`${share.origin}/endless`, {
    seconds: 4,
  });
  demand('the first event', body, 'first');
  if (firstByteSeconds > FIRST_BYTE_SECONDS)
    throw new Error(`first event after ${firstByteSeconds} s`);
  return `an event arrives after ${(firstByteSeconds * 1000).toFixed(0)} ms of a stream that goes on`;
}

async function relay(share: Share): Promise<string> {
  const viewer = await RelayViewer.join(share);
  const { status } = await viewer.get('/');
  demand('a request over the relay', status, 200);
  viewer.close();
  return 'the relay, sealed end to end';
}

function demand(what: string, found: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (is !== should) throw new Error(`${what}: ${is}, not ${should}`);
}
