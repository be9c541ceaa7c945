import { describe, expect, test } from '@jest/globals';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { REQUEST_ID } from '../../src/shared/request-fields.js';
import {
  forBrowser,
  keepBody,
  openBlob,
  openBody,
  peek,
} from '../../src/service-worker/request-body.js';
import { collect } from '../support/linked-host.js';
import { ORIGIN } from '../support/tunnelled-tab.js';

describe('the body of a request', () => {
  const post = (body: BodyInit): Request => new Request(ORIGIN, { method: 'POST', body });
  const textOf = async (chunks: AsyncIterable<Uint8Array> | undefined): Promise<string> =>
    chunks === undefined ? 'none' : Buffer.from(await collect(chunks)).toString();

  test('that is kept is read twice: by the app’s worker and by the tunnel', async () => {
    const request = post('twice');
    const blob = await keepBody(request);
    expect(await blob?.text()).toBe('twice');
    const body = await openBody(request);
    expect([body.length, await textOf(body.chunks)]).toEqual([5, 'twice']);
    expect(await textOf((await openBody(request)).chunks)).toBe('twice');
  });

  test('that is kept goes with the browser’s own fetch, and the referrer stays', async () => {
    const request = new Request(ORIGIN, { method: 'POST', body: 'x', referrerPolicy: 'origin' });
    await keepBody(request);
    const again = forBrowser(request);
    expect([await again.text(), again.referrerPolicy]).toEqual(['x', 'origin']);
    const other = post('y');
    expect(forBrowser(other)).toBe(other);
  });

  test('goes to another site without the request’s number, and can be given up', async () => {
    const headers = { [REQUEST_ID]: '1', 'x-own': 'a' };
    const init = { method: 'POST', body: 'x', referrerPolicy: 'no-referrer', headers } as const;
    const controller = new AbortController();
    const sent = forBrowser(new Request(ORIGIN, init), controller.signal);
    expect([...sent.headers.keys()]).toEqual(['content-type', 'x-own']);
    expect([sent.method, sent.referrerPolicy]).toEqual(['POST', 'no-referrer']);
    expect(await sent.text()).toBe('x');
    controller.abort();
    expect(sent.signal.aborted).toBe(true);
  });

  test('is none to keep of a GET, and of a POST without one', async () => {
    expect(await keepBody(new Request(ORIGIN))).toBeNull();
    expect(await keepBody(new Request(ORIGIN, { method: 'POST' }))).toBeNull();
  });

  test('of no bytes is none', async () => {
    expect(openBlob(new Blob([]))).toEqual({ chunks: undefined, length: null });
    expect((await openBody(post(''))).chunks).toBeUndefined();
  });

  test('that is as large as can be read ahead has its length, and one byte more has none', async () => {
    const of = async (bytes: number): Promise<number | null> => {
      const body = await peek(post(new Uint8Array(bytes)).body!.getReader(), 1_000);
      const size = body.chunks === undefined ? 0 : (await collect(body.chunks)).byteLength;
      expect(size).toBe(bytes);
      return body.length;
    };
    const { bodyPeekBytes } = SERVICE_WORKER_LIMITS;
    expect([await of(bodyPeekBytes), await of(bodyPeekBytes + 1)]).toEqual([bodyPeekBytes, null]);
  });

  test('of a form has its length, however long it is', async () => {
    const text = 'x'.repeat(2 * SERVICE_WORKER_LIMITS.bodyPeekBytes);
    const files = new FormData();
    files.set('file', new File([text], 'name'));
    for (const form of [files, new URLSearchParams({ text })]) {
      const { length, chunks } = await openBody(
        new Request(ORIGIN, { method: 'POST', body: form }),
      );
      expect(length).toBeGreaterThan(text.length);
      expect((await textOf(chunks)).length).toBe(length);
    }
    const other = await openBody(post(text));
    expect([other.length, await textOf(other.chunks)]).toEqual([null, text]);
  });

  test('has the length that the shim has said, and is not read for it', async () => {
    let pulls = 0;
    const slow = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(40_000));
          if (pulls === 3) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { [REQUEST_ID]: 'upload-1/120000' };
    const init = { method: 'POST', body: slow, duplex: 'half', headers } as RequestInit;
    const { length, chunks } = await openBody(new Request(ORIGIN, init));
    expect([length, pulls]).toEqual([120_000, 0]);
    expect((await textOf(chunks)).length).toBe(120_000);
  });

  test('that is small is read, so that a redirect can ask for it again, and has the length in any case', async () => {
    const headers = { [REQUEST_ID]: 'upload-1/4' };
    const quick = await openBody(new Request(ORIGIN, { method: 'POST', body: 'four', headers }));
    expect([quick.length, quick.copy?.size]).toEqual([4, 4]);
    let end = (): void => undefined;
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Uint8Array.of(1, 2));
        end = () => {
          controller.enqueue(Uint8Array.of(3, 4));
          controller.close();
        };
      },
    });
    const init = { method: 'POST', body: slow, duplex: 'half', headers } as RequestInit;
    const late = await openBody(new Request(ORIGIN, init));
    expect([late.length, late.copy]).toEqual([4, undefined]);
    end();
    expect((await textOf(late.chunks)).length).toBe(4);
  });

  test('that breaks off while it is read ahead, or later, is an error', async () => {
    const broken = (chunks: number) => {
      let count = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if ((count += 1) > chunks) controller.error(new Error('broken'));
          else controller.enqueue(new Uint8Array(SERVICE_WORKER_LIMITS.bodyPeekBytes));
        },
      }).getReader();
    };
    for (const chunks of [0, 3]) {
      const text = peek(broken(chunks)).then((body) => textOf(body.chunks));
      await expect(text).rejects.toThrow('broken');
    }
  });
});
