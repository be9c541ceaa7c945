import express, { type Request, type Response, type Router } from 'express';
import { toWingmanError } from '@wingman/protocol';
import * as z from 'zod';
import type { Entrance } from '../entry/entrance.js';
import { HOST_LIMITS } from '../limits.js';
import { decodedBody } from './body-text.js';
import { toCurl } from './curl.js';
import type { ExchangeRecord } from './exchange-record.js';
import { EventStream, type Feed } from './feed.js';
import { toHar } from './har.js';
import type { RecordStore } from './record-store.js';
import type { Replay } from './replay.js';
import type { ViewerWatch } from './viewers.js';
import { detailOf } from './views.js';

/** What the routes act on. */
export interface InspectorParts {
  readonly store: RecordStore;
  readonly feed: Feed;
  readonly replay: Replay;
  readonly viewers: Pick<ViewerWatch, 'visitorOf'>;
  readonly entrance: Pick<Entrance, 'accept' | 'refuse'>;
}

const ID = z.coerce.number().int().positive();

const REPLAY = z.object({
  of: z.number().int(),
  method: z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,40}$/),
  target: z.string().regex(/^\/[\x21-\x7e]*$/),
  headers: z.array(
    z.object({
      name: z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,100}$/),
      // Neither a line's end nor NUL can be in a field (RFC 9110 section 5.5).
      value: z.string().regex(/^[^\r\n\0]*$/),
    }),
  ),
  body: z.string().exactOptional(),
});

/** Everything the page asks for, below `/api`. */
export function inspectorRoutes(parts: InspectorParts): Router {
  const { store, feed, replay, viewers, entrance } = parts;
  const router = express.Router();
  const json = express.json({ limit: HOST_LIMITS.inspectorFormBytes });
  router.get('/events', (_request, response) => feed.add(new EventStream(response)));
  router.get(
    '/exchanges/:id',
    withRecord(store, (record, request, response) => {
      response.json(detailOf(record, wantsSecrets(request), viewers.visitorOf));
    }),
  );
  router.get(
    '/exchanges/:id/curl',
    withRecord(store, async (record, request, response) => {
      response.type('text').send(await toCurl(record, wantsSecrets(request)));
    }),
  );
  router.get(
    '/exchanges/:id/body/:side',
    withRecord(store, async (record, request, response) => {
      const direction = request.params['side'] === 'request' ? 'upload' : 'download';
      // Nothing of the app's is ever a page of this origin.
      response.type('application/octet-stream').attachment('body');
      response.send(await decodedBody(record, direction));
    }),
  );
  router.get(
    '/exchanges/:id/messages',
    withRecord(store, ({ messages }, _request, response) => {
      const stream = new EventStream(response);
      for (const message of messages.messages) stream.send(message);
      stream.onClose(messages.listen((message) => stream.send(message)));
    }),
  );
  router.get('/har', async (request, response) => {
    const har = await toHar(chosen(store, request), wantsSecrets(request));
    response.attachment('wingman.har').json(har);
  });
  router.post('/replay', json, (request, response) => {
    response.json({ id: replay.send(REPLAY.parse(request.body)) });
  });
  router.post('/clear', (_request, response) => {
    store.clear();
    response.sendStatus(204);
  });
  router.post('/visitors/:number/:answer', (request, response) => {
    const number = ID.parse(request.params['number']);
    const answer = request.params['answer'] === 'accept' ? 'accept' : 'refuse';
    response.sendStatus(entrance[answer](number) ? 204 : 409);
  });
  router.use((error: unknown, _request: Request, response: Response, next: () => void) => {
    if (response.headersSent) return next();
    response
      .status(400)
      .type('text')
      .send(`${toWingmanError(error, 'INTERNAL').message}\n`);
  });
  return router;
}

type RecordHandler = (
  record: ExchangeRecord,
  request: Request,
  response: Response,
) => void | Promise<void>;

function withRecord(store: RecordStore, handler: RecordHandler): express.RequestHandler {
  return (request, response) => {
    const record = store.get(ID.parse(request.params['id']));
    if (record !== undefined) return handler(record, request, response);
    response.status(404).type('text').send('That exchange is not kept any more.\n');
  };
}

function wantsSecrets(request: Request): boolean {
  return request.query['secrets'] === '1';
}

/** The exchanges that are named, or all. */
function chosen(store: RecordStore, request: Request): ExchangeRecord[] {
  const { ids } = request.query;
  if (typeof ids !== 'string') return store.all;
  return ids.split(',').flatMap((id) => store.get(Number(id)) ?? []);
}
