import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { ServerResponse } from 'node:http';
import { page, send, type Route } from './page-app.js';

/** A body of some MiB, as pages make and apps send it. */
export const LARGE = Buffer.alloc(8 * 1024 * 1024, 'wingman ');

export function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

const html =
  (title: string, body: string): Route =>
  (_, response) =>
    send(response, page(`<h1>${title}</h1>${body}`, `<title>${title}</title>`));

/** What most apps do: pages and forms, large bodies, and answers that go on when the page asks for more. */
export function everydayRoutes(): Record<string, Route> {
  const held = new Map<ServerResponse, string>();
  const hold =
    (type: string, first: string, second: string): Route =>
    (_, response) => {
      response.writeHead(200, { 'content-type': type }).write(first);
      held.set(response, second);
      response.once('close', () => held.delete(response));
    };
  return {
    '/first': html('first page', '<a href="/second">on</a>'),
    '/second': html('second page', ''),
    '/form': html(
      'a form',
      '<form method="post" action="/posted"><input name="said" value="ä&b"></form>',
    ),
    '/posted': (request, response) =>
      void text(request).then((body) =>
        send(response, page(`<h1>posted</h1><p>${request.method} ${body}`)),
      ),
    '/large': (_, response) =>
      send(response, LARGE, { 'content-type': 'application/octet-stream' }),
    '/digest': (request, response) => {
      const hash = createHash('sha256');
      request.pipe(hash).once('finish', () => response.end(hash.digest('hex')));
    },
    '/report': (_, response) =>
      send(response, LARGE, { 'content-disposition': 'attachment; filename="report.bin"' }),
    '/stream': hold('text/plain', 'one', 'two'),
    '/event-stream': hold('text/event-stream', 'data: one\n\n', 'data: two\n\n'),
    '/go-on': (_, response) => {
      for (const [open, second] of held) open.write(second);
      response.end();
    },
  };
}
