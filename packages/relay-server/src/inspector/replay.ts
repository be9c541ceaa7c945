import type { ReplayRequest } from '@wingman/inspector';
import {
  create,
  ExchangeObservers,
  RequestHead,
  ResponseHead,
  type Observation,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import type { LocalPorts, LocalTarget } from '../local/local-ports.js';
import { HOST_LIMITS } from '../limits.js';
import { unmasked } from './masks.js';
import type { Facts } from './facts.js';
import { recorder } from './recorder.js';
import type { RecordStore } from './record-store.js';

/** What the client of the local port says itself. */
const OF_CLIENT = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
]);

/** Sends recorded requests to the app again. Each is recorded as an exchange of its own. */
export class Replay {
  constructor(
    private readonly store: RecordStore,
    private readonly ports: () => LocalPorts,
  ) {}

  /** Sends a request; returns the number of its record. Fails with PROTOCOL_ERROR when there is nothing to repeat. */
  send(request: ReplayRequest): number {
    const original = this.store.get(request.of);
    const facts = original?.facts;
    if (original === undefined || facts?.kind !== 'http') {
      throw new WingmanError('PROTOCOL_ERROR', 'no such request');
    }
    const target = this.ports().find(facts.port, 'viewer') ?? this.ports().shared;
    const body = request.body === undefined ? original.body('upload') : Buffer.from(request.body);
    const asked = headOf(request, facts, body.length);
    const observers = new ExchangeObservers();
    const sharedPort = target.loopback.port;
    observers.add(recorder(this.store, { path: 'replay', sharedPort, rttOf: () => null }));
    const observation = observers.begin({ kind: 'http', link: '', asked, path: () => 'offline' });
    void run(observation, body, target);
    return this.store.newestId;
  }
}

/** Never rejects: whatever comes of it is in the record. */
async function run(observation: Observation, body: Buffer, { client }: LocalTarget): Promise<void> {
  const { asked: head } = observation;
  try {
    const response = await client.request({
      ...{ method: head.method, target: head.target, headers: head.headers },
      body: body.length === 0 ? undefined : observation.watchBody('upload', once(body)),
      signal: AbortSignal.timeout(HOST_LIMITS.inspectorReplayMs),
      sent: () => observation.sent(head),
      informational: () => undefined,
      answered: () => undefined,
      ended: () => undefined,
    });
    observation.head(create(ResponseHead, response));
    for await (const piece of observation.watchBody('download', response.body)) void piece;
    observation.end({ outcome: 'complete' });
  } catch (error) {
    const { code } = toWingmanError(error, 'UPSTREAM_ABORTED');
    observation.end({ outcome: 'aborted', code, by: 'app' });
  }
}

/** The head as the app gets it. */
function headOf(request: ReplayRequest, original: Facts, bodyBytes: number): RequestHead {
  const { method, target } = request;
  const headers = request.headers
    .map((field) => unmasked(field, original.sent ?? original.asked))
    .map(({ name, value }) => ({ name: name.toLowerCase(), value }))
    .filter(({ name }) => !OF_CLIENT.has(name));
  const hasBody = bodyBytes > 0;
  if (hasBody) headers.push({ name: 'content-length', value: String(bodyBytes) });
  return create(RequestHead, { method, target, headers, hasBody, port: original.port });
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(body);
}
