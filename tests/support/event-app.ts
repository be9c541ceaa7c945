import { createServer, type ServerResponse } from 'node:http';
import { eventually } from './program.js';
import { listen as listenHere, stop } from './listening.js';

/** An app with an event stream, a streamed body and a long poll; each page has a name of its own. */
export interface EventApp {
  port: number;
  /** Sends the next event to a page, and waits until the page says that it shows it. */
  tick(page: string): Promise<void>;
  /** Answers the page's long poll. */
  answerPoll(page: string): void;
  /** Connections that each of the page's three requests took. */
  connections(page: string): Record<string, number>;
  /** What the page has said it shows, in order. */
  seen(page: string): readonly string[];
  close(): Promise<void>;
}

interface Visit {
  readonly connections: Record<string, number>;
  readonly open: Map<string, ServerResponse>;
  sent: number;
  seen: string[];
}

/** Runs in the page: says of each event, on either stream, that it is there. */
function listen(name: string): void {
  const seen = (what: string): void => {
    void fetch(`/seen?page=${name}&what=${what}`, { method: 'POST' });
  };
  new EventSource(`/events?page=${name}`).onmessage = ({ data }) => seen(`event-${data}`);
  void fetch(`/stream?page=${name}`).then(async ({ body }) => {
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return seen('stream-end');
      for (const part of value.split('\n')) if (part !== '') seen(`stream-${part}`);
    }
  });
  void fetch(`/poll?page=${name}`).then(async (response) => seen(`poll-${await response.text()}`));
}

export async function startEventApp(): Promise<EventApp> {
  const visits = new Map<string, Visit>();
  const visitOf = (name: string): Visit => {
    const visit = visits.get(name) ?? { connections: {}, open: new Map(), sent: 0, seen: [] };
    visits.set(name, visit);
    return visit;
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const name = searchParams.get('page') ?? '';
    const visit = visitOf(name);
    if (pathname === '/seen') {
      visit.seen.push(searchParams.get('what') ?? '');
      return response.end();
    }
    if (['/events', '/stream', '/poll'].includes(pathname)) return hold(visit, pathname, response);
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><h1>events</h1><script>(${listen.toString()})('${name}')</script>`,
    );
  });
  const port = await listenHere(server);
  return {
    port,
    tick: (name) => tick(visitOf(name)),
    answerPoll: (name) => visitOf(name).open.get('/poll')?.end('answer'),
    connections: (name) => visitOf(name).connections,
    seen: (name) => visitOf(name).seen,
    close: () => stop(server),
  };
}

function hold(visit: Visit, pathname: string, response: ServerResponse): void {
  visit.connections[pathname] = (visit.connections[pathname] ?? 0) + 1;
  visit.open.set(pathname, response);
  if (pathname === '/poll') return;
  response.setHeader('content-type', pathname === '/events' ? 'text/event-stream' : 'text/plain');
  response.write(pathname === '/events' ? ':hello\n\n' : '\n');
}

async function tick(visit: Visit): Promise<void> {
  const number = ++visit.sent;
  visit.open.get('/events')?.write(`data: ${number}\n\n`);
  visit.open.get('/stream')?.write(`${number}\n`);
  const wanted = [`event-${number}`, `stream-${number}`];
  await eventually(`event ${number}`, () => wanted.every((what) => visit.seen.includes(what)));
}
