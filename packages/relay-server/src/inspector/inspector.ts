import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { PAGE_FILE } from '@wingman/inspector/page-file';
import { OWN_SERVER, systemCode } from '@wingman/node-kit';
import express, { type Express, type Response } from 'express';
import type { Commons, LocalApp } from '../exchange/local-app.js';
import { HOST_LIMITS } from '../limits.js';
import { Feed } from './feed.js';
import { authorityOf, guardOrigin, guardToken, type InspectorAddress } from './guards.js';
import { recorder } from './recorder.js';
import { RecordStore } from './record-store.js';
import { Replay } from './replay.js';
import { inspectorRoutes, type InspectorParts } from './routes.js';
import { ViewerWatch } from './viewers.js';

/** Where developers know such a page from. */
const FIRST_PORT = 4040;
/** The port among those after it that browsers refuse (Fetch section 2.9, "bad port"). */
const BAD_PORT = 4045;

/** The developer's own view of what passes, on this machine alone. */
export interface Inspector {
  readonly url: string;
  close(): Promise<void>;
}

/** A host as far as the inspector looks into it. */
interface InspectedHost {
  readonly app: LocalApp;
  readonly commons: Commons;
}

/**
 * Records what passes a session's hosts, and shows it at 127.0.0.1. The ports that are shared are never taken: the
 * session would show the inspector as soon as the app is not there. Fails when the machine gives no port.
 */
export async function startInspector(hosts: {
  readonly main: InspectedHost;
  readonly all: readonly InspectedHost[];
}): Promise<Inspector> {
  const store = new RecordStore();
  const viewers = new ViewerWatch(() => hosts.all);
  const feed = new Feed(store, viewers);
  const { app, commons } = hosts.main;
  const replay = new Replay(store, () => app.ports);
  const token = randomBytes(24).toString('base64url');
  const address = { port: 0, token };
  const server = createServer(
    inspectorApp({ store, feed, replay, viewers, entrance: commons.entrance }, () => address),
  );
  const isShared = (port: number): boolean => app.ports.find(port, 'viewer') !== undefined;
  try {
    address.port = await listen(server, isShared);
  } catch (error) {
    viewers.stop();
    throw error;
  }
  const removers = hosts.all.map(({ app }) =>
    app.observe(
      recorder(store, {
        sharedPort: app.ports.shared.loopback.port,
        rttOf: (link) => viewers.rttOf(link),
      }),
    ),
  );
  return {
    url: `http://${authorityOf(address)}/`,
    close: () => {
      for (const remove of removers) remove();
      viewers.stop();
      feed.stop();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Everything that is asked of the inspector passes here. */
function inspectorApp(parts: InspectorParts, address: () => InspectorAddress): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_request, response, next) => {
    response.set({
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      server: OWN_SERVER,
    });
    next();
  });
  app.use(guardOrigin(address));
  app.get('/', (_request, response) => sendPage(response, address().token));
  app.use('/api', guardToken(address), inspectorRoutes(parts));
  return app;
}

/** The page with its token, and a policy that lets it speak with this server alone. */
async function sendPage(response: Response, token: string): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  const page = await readFile(PAGE_FILE, 'utf8');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    // A page of the app that is shown has styles in it. It is sandboxed, and inherits this policy.
    `style-src 'unsafe-inline'`,
    `img-src data: blob:`,
    `font-src data:`,
    `connect-src 'self'`,
    `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  ];
  response.set('content-security-policy', policy.join('; ')).type('html');
  response.send(page.replaceAll('@nonce@', nonce).replaceAll('@token@', token));
}

/** Listens at the usual port or one above it, else at one that the system gives. Returns the port. */
async function listen(server: Server, isShared: (port: number) => boolean): Promise<number> {
  const ports = Array.from({ length: HOST_LIMITS.inspectorPorts }, (_, step) => FIRST_PORT + step);
  for (const port of ports.filter((port) => port !== BAD_PORT && !isShared(port)))
    if (await takes(server, port)) return port;
  await bind(server, 0);
  return portOf(server);
}

async function takes(server: Server, port: number): Promise<boolean> {
  try {
    await bind(server, port);
    return true;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes(systemCode(error))) return false;
    throw error;
  }
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
