import { beforeEach } from '@jest/globals';
import {
  decodeMessage,
  PUSH_LIMITS,
  PUSHES_TARGET,
  PushedAnswer,
  RecordReader,
  request,
  UNDONE_CODINGS,
} from '@wingman/protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalApp } from '../../src/exchange/local-app.js';
import { HOST_LIMITS } from '../../src/limits.js';
import { cleanups } from './cleanups.js';
import { listen } from './servers.js';
import { openTunnel, requestHead, SESSION_ORIGIN, textOf } from './tunnel.js';
import { until } from './until.js';

/** One way; the round trip is above HOST_LIMITS.nearRoundTripMs. */
export const FAR_MS = 15;

/** What the app has under each path; a module has its own text as validator. */
export const files: Record<string, string> = {};
export const heard: IncomingMessage[] = [];
/** Paths that get no answer. */
export const silent = new Set<string>();
/** Fields beside those of every answer. */
export const fields: Record<string, string> = {};

beforeEach(() => {
  heard.length = 0;
  silent.clear();
  for (const kept of [files, fields]) for (const name of Object.keys(kept)) delete kept[name];
});

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  heard.push(incoming);
  const { pathname } = new URL(incoming.url ?? '', 'http://app');
  if (silent.has(pathname)) return;
  const body = files[pathname];
  if (body === undefined) return void response.writeHead(404).end();
  const etag = `"${pathname}-${body.length}"`;
  const type = /\.(?:css|html)$/.exec(pathname)?.[0].replace('.', 'text/') ?? 'text/javascript';
  const headers = { etag, 'cache-control': 'no-cache', 'content-type': type, ...fields };
  if (incoming.headers['if-none-match'] === etag)
    return void response.writeHead(304, headers).end();
  response.writeHead(200, headers).end(body);
}

/** A host of that app. */
export async function hosted(options: ConstructorParameters<typeof LocalApp>[2] = {}) {
  const server = await listen(answer);
  cleanups.push(() => server.close());
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, options);
  cleanups.push(() => app.close());
  return { app, port: server.port };
}

type Hosted = Awaited<ReturnType<typeof hosted>>;

/** A tab of the browser `ann`, as far from the host as said. */
export async function tabOf(
  { app, port }: Hosted,
  delayMs = FAR_MS,
  { reads = true, undoes = false } = {},
) {
  const { hostLink, mux } = openTunnel(port, 'viewer', app, 'ann', delayMs);
  cleanups.push(() => hostLink.close('LINK_CLOSED'));
  const ask = (target: string, headers: string[] = [], destination = 'script', mode = 'cors') =>
    request(mux, requestHead({ target, destination, mode, headers }));
  /** Says that so many answers were dropped; resolves with the status. */
  const drop = async (answers: string): Promise<number> => {
    const target = `${PUSHES_TARGET}?unclaimed=${answers}`;
    const { body, head } = await request(mux, requestHead({ method: 'POST', target }));
    return (await textOf(body)) === '' ? head.status : 0;
  };
  const pushed: PushedAnswer[] = [];
  const transferCodings = [...UNDONE_CODINGS];
  const headers = undoes ? ['accept-encoding', 'gzip'] : [];
  const opening = { target: PUSHES_TARGET, destination: 'empty', headers, transferCodings };
  const opened = await request(mux, requestHead(opening));
  const reader = new RecordReader(PUSH_LIMITS.recordBytes);
  void (async () => {
    if (!reads) return;
    for await (const chunk of opened.body)
      pushed.push(...reader.push(chunk).map((record) => decodeMessage(PushedAnswer, record)));
  })().catch(() => undefined);
  const get = async (...asked: Parameters<typeof ask>): Promise<[number, string]> => {
    const { body, head } = await ask(...asked);
    return [head.status, await textOf(body)];
  };
  const roundTripMs = (): number | null => hostLink.pace.roundTripMs;
  if (delayMs > 0) await until(() => roundTripMs() !== null, 'the round trip');
  /** Sends until the shortest round trip is that of a tab nearby: a busy machine is slow with the first. */
  const untilNear = async (): Promise<void> => {
    while ((roundTripMs() ?? Infinity) >= HOST_LIMITS.nearRoundTripMs) await drop('0');
  };
  return { status: opened.head.status, pushed, get, drop, untilNear };
}

/** What the app was asked for. */
export function paths(): (string | undefined)[] {
  return heard.map(({ url }) => url);
}

export const targets = (pushed: readonly PushedAnswer[]): string[] =>
  pushed.map(({ target }) => target).sort();
