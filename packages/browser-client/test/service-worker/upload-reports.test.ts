import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PortMux } from '@wingman/protocol/ports';
import { startExchange } from '../../src/service-worker/tunnel-fetch.js';
import { UploadReports } from '../../src/service-worker/upload-reports.js';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { REQUEST_ID, uploadChannel } from '../../src/shared/request-fields.js';
import type {
  FetchHead,
  ReplyMessage,
  RequestMessage,
} from '../../src/shared/exchange-messages.js';
import { FakeChannel } from '../support/fake-channel.js';
import { FakePort } from '../support/fake-port.js';

const native = globalThis.BroadcastChannel;

const POST: FetchHead = {
  method: 'POST',
  target: '/',
  headers: [],
  destination: 'empty',
  mode: 'cors',
  hasBody: true,
  hasCredentials: true,
};

/** The reports of one upload, and a page that answers when it is told to. */
function setUp() {
  const page = new FakeChannel(uploadChannel('upload-1'));
  const heard: unknown[] = [];
  page.onmessage = ({ data }) => heard.push(data);
  const headers = new Headers({ [REQUEST_ID]: 'upload-1' });
  const reports = UploadReports.of({ headers });
  if (reports === undefined) throw new Error('nobody reports');
  const answer = async (): Promise<void> => {
    page.postMessage('heard');
    await settle();
  };
  return { reports, heard, answer };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
  Object.assign(globalThis, { BroadcastChannel: FakeChannel });
});

afterEach(() => {
  jest.useRealTimers();
  FakeChannel.open.clear();
  Object.assign(globalThis, { BroadcastChannel: native });
});

describe('reports of an upload', () => {
  test('are made for requests that ask for them', () => {
    const of = (headers: Record<string, string>): unknown =>
      UploadReports.of({ headers: new Headers(headers) });
    expect([of({}), of({ [REQUEST_ID]: 'id-1' })]).toEqual([undefined, undefined]);
    expect(of({ [REQUEST_ID]: 'upload-1' })).toBeDefined();
  });

  test('wait until the page has heard the one before, and the newest counts', async () => {
    const { reports, heard, answer } = setUp();
    for (const bytes of [1, 2, 3]) reports.tell({ bytes, isAll: false });
    await settle();
    expect(heard).toEqual([{ bytes: 1, isAll: false }]);
    await answer();
    expect(heard.slice(1)).toEqual([{ bytes: 3, isAll: false }]);
    await answer();
    expect(heard).toHaveLength(2);
  });

  test('hold the answer back until the page has heard the last', async () => {
    const { reports, heard, answer } = setUp();
    reports.tell({ bytes: 1, isAll: false });
    reports.tell({ bytes: 9, isAll: true });
    let isThere = false;
    const answered = reports.heard().then(() => (isThere = true));
    await answer();
    expect([heard.at(-1), isThere]).toEqual([{ bytes: 9, isAll: true }, false]);
    await answer();
    await answered;
    expect(FakeChannel.open.size).toBe(1);
  });

  test('hold it back for some time only when the page doesn’t answer', async () => {
    const { reports } = setUp();
    reports.tell({ bytes: 1, isAll: true });
    const answered = reports.heard();
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.uploadHeardMs);
    await answered;
    expect(FakeChannel.open.size).toBe(1);
  });

  test('end with the exchange, and nothing is told afterwards', async () => {
    const { reports, heard } = setUp();
    reports.close();
    reports.tell({ bytes: 1, isAll: false });
    await settle();
    expect([heard, FakeChannel.open.size]).toEqual([[], 1]);
    await reports.heard();
  });
});

describe('the answer to an upload that a page follows', () => {
  /** An exchange whose tunnel worker is the test. The tunnel has taken all of the body, and the answer is there. */
  function answered() {
    const { reports, heard, answer } = setUp();
    const port = new FakePort<unknown, unknown>();
    const tunnel = new PortMux<FetchHead, RequestMessage, ReplyMessage>(
      port as unknown as MessagePort,
    );
    const { signal } = new AbortController();
    const exchange = startExchange(tunnel, POST, undefined, signal, reports);
    const gives = (message: ReplyMessage): void => port.gives({ stream: 1, message });
    gives({ kind: 'sent', bytes: 3, isAll: true });
    const head = { status: 201, statusText: '', headers: [] };
    gives({ kind: 'head', head, body: new Uint8Array() });
    let status: number | undefined;
    void exchange.reply().then((reply) => (status = reply.head.status));
    return { heard, answer, gives, status: () => status };
  }

  test('waits until the page has heard the last report', async () => {
    const { heard, answer, status } = answered();
    await settle();
    expect([heard, status()]).toEqual([[{ bytes: 3, isAll: true }], undefined]);
    await answer();
    await settle();
    expect(status()).toBe(201);
  });

  test('waits no longer than a report may take', async () => {
    const { status } = answered();
    await jest.advanceTimersByTimeAsync(SERVICE_WORKER_LIMITS.uploadHeardMs - 1);
    expect(status()).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(status()).toBe(201);
  });
});
