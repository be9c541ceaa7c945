import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SHIM_LIMITS } from '../../src/shared/limits.js';
import { REQUEST_ID, uploadChannel } from '../../src/shared/request-fields.js';
import { replaceXhr } from '../../src/shim/replace-xhr.js';
import { FakeChannel } from '../support/fake-channel.js';
import { FakeProgressEvent, fakeXhrClass } from '../support/fake-xhr.js';

const UPLOAD = ['loadstart', 'progress', 'load', 'loadend', 'abort', 'error', 'timeout'];

let now = 0;

function setUp() {
  const given: string[] = [];
  const XMLHttpRequest = fakeXhrClass();
  const realm = { XMLHttpRequest, ProgressEvent: FakeProgressEvent, BroadcastChannel: FakeChannel };
  const isOwn = (url: string): boolean => url.startsWith('/');
  const addresses = { base: () => '', isOwn };
  replaceXhr(realm as unknown as typeof globalThis, addresses, (id) => given.push(id));
  return { realm, given };
}

/** An upload of 10,000 bytes whose page listens, and the service worker's end of its channel. */
function uploading(url = '/upload') {
  const { realm, given } = setUp();
  const xhr = new realm.XMLHttpRequest();
  const seen: unknown[] = [];
  xhr.upload.note(seen, ...UPLOAD);
  xhr.open('POST', url);
  xhr.send('body');
  xhr.upload.fire('loadstart', { loaded: 0, total: 10_000 });
  const id = xhr.headers.get(REQUEST_ID) ?? '';
  const channel = new FakeChannel(uploadChannel(id));
  const heard: unknown[] = [];
  channel.onmessage = ({ data }) => heard.push(data);
  const report = async (bytes: number, isAll = false): Promise<void> => {
    channel.postMessage({ bytes, isAll });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { realm, xhr, id, seen, heard, report, given };
}

beforeEach(() => {
  now = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  FakeChannel.open.clear();
  jest.restoreAllMocks();
});

describe('the events of an upload', () => {
  test('are those of the tunnel’s reports, and each report is answered', async () => {
    const { seen, heard, report } = uploading();
    await report(4_000);
    now += SHIM_LIMITS.uploadProgressMs;
    await report(8_000);
    await report(10_000, true);
    const end = [['progress', 10_000], ['load', 10_000], ['loadend', 10_000]]; // prettier-ignore
    expect(seen).toEqual([['loadstart', 0], ['progress', 4_000], ['progress', 8_000], ...end]);
    expect(heard).toEqual(['heard', 'heard', 'heard']);
  });

  test('come no more often than the standard has it, and never beyond the whole', async () => {
    const { seen, report } = uploading();
    await report(1);
    now += SHIM_LIMITS.uploadProgressMs - 1;
    await report(2);
    now += 1;
    await report(20_000);
    expect(seen.slice(1)).toEqual([
      ['progress', 1],
      ['progress', 10_000],
    ]);
  });

  test('hide the browser’s own, which come late or take a finished upload for a failed one', async () => {
    const { seen, xhr, report } = uploading();
    xhr.upload.fire('progress', { loaded: 1 });
    await report(10_000, true);
    const before = [...seen];
    for (const type of ['progress', 'load', 'error', 'loadend']) xhr.upload.fire(type);
    xhr.abort();
    expect(seen).toEqual(before);
    expect(seen).not.toContainEqual(['progress', 1]);
  });

  test('are the browser’s own where it ends the upload first', async () => {
    const { seen, xhr, report } = uploading();
    xhr.upload.fire('load', { loaded: 10_000 });
    xhr.upload.fire('loadend', { loaded: 10_000 });
    await report(10_000, true);
    expect(seen.slice(1)).toEqual([
      ['load', 10_000],
      ['loadend', 10_000],
    ]);
  });

  test('are `abort` when the page gives the request up, and `error` when it is cut', () => {
    const [givenUp, cut] = [uploading(), uploading()];
    givenUp.xhr.abort();
    cut.xhr.upload.fire('abort', { loaded: 0 });
    expect([givenUp.seen[1], cut.seen[1]]).toEqual([
      ['abort', 0],
      ['error', undefined],
    ]);
  });

  test('end with the request: nobody listens to the channel any more', () => {
    const { xhr, id } = uploading();
    const listening = (): number =>
      [...FakeChannel.open].filter(({ name }) => name === uploadChannel(id)).length;
    expect(listening()).toBe(2);
    xhr.fire('loadend');
    expect(listening()).toBe(1);
  });

  test('may lead the page to give the request up: the report is answered all the same', async () => {
    const { xhr, heard, report } = uploading();
    xhr.upload.addEventListener('progress', () => {
      xhr.abort();
      xhr.fire('loadend');
    });
    await report(4_000);
    expect(heard).toEqual(['heard']);
  });

  test('are reported to pages only that look at the upload', () => {
    const { realm } = setUp();
    const xhr = new realm.XMLHttpRequest();
    xhr.open('POST', '/upload');
    xhr.send('body');
    expect(xhr.headers.get(REQUEST_ID)).not.toMatch(/^upload-/);
    expect(uploading().id).toMatch(/^upload-/);
  });

  test('to another site are the browser’s own, and nothing of ours listens', () => {
    const { seen, id, xhr } = uploading('https://x.example/');
    for (const type of ['progress', 'load', 'abort']) xhr.upload.fire(type);
    expect([id, FakeChannel.open.size]).toEqual(['', 1]);
    expect(seen.map((event) => (event as [string])[0])).toEqual([
      ...['loadstart', 'progress', 'load', 'abort'],
    ]);
  });
});

describe('a request that is cut', () => {
  test('ends with `error`, where the browser says `abort`', () => {
    const { realm, given } = setUp();
    const xhr = new realm.XMLHttpRequest();
    const seen: unknown[] = [];
    xhr.note(seen, 'abort', 'error', 'loadend');
    xhr.open('GET', '/');
    xhr.send();
    xhr.fire('abort', { loaded: 0 });
    xhr.fire('loadend', { loaded: 0 });
    expect(seen).toEqual([
      ['error', undefined],
      ['loadend', 0],
    ]);
    expect(given).toEqual([]);
  });

  test('is one whose page listens by `onabort`, too', () => {
    const { realm } = setUp();
    const xhr = new realm.XMLHttpRequest();
    const seen: unknown[] = [];
    const onabort = (): unknown => seen.push('abort');
    xhr.onabort = onabort;
    xhr.note(seen, 'error');
    xhr.open('GET', '/');
    xhr.send();
    xhr.fire('abort');
    expect([xhr.onabort === onabort, seen]).toEqual([true, [['error', undefined]]]);
  });

  test('can be listened to when a script has taken its class away', () => {
    const { realm } = setUp();
    const xhr = new realm.XMLHttpRequest();
    Reflect.deleteProperty(realm, 'XMLHttpRequest');
    const seen: unknown[] = [];
    xhr.note(seen, 'abort', 'error');
    xhr.fire('abort');
    expect(seen).toEqual([['error', undefined]]);
  });

  test('and opened again can be given up by the page, and cut again', () => {
    const { realm, given } = setUp();
    const xhr = new realm.XMLHttpRequest();
    const seen: unknown[] = [];
    xhr.note(seen, 'abort', 'error');
    xhr.open('GET', '/');
    xhr.send();
    xhr.abort();
    xhr.open('GET', '/');
    xhr.send();
    xhr.fire('abort');
    expect(seen).toEqual([
      ['abort', 0],
      ['error', undefined],
    ]);
    expect(given).toHaveLength(1);
  });

  test('of a script’s own `abort` event nothing is changed', () => {
    const { realm } = setUp();
    const xhr = new realm.XMLHttpRequest();
    const seen: unknown[] = [];
    xhr.note(seen, 'abort', 'error');
    xhr.dispatchEvent(new FakeProgressEvent('abort', { loaded: 1 }));
    expect(seen).toEqual([['abort', 1]]);
  });

  test('has the class it had: `constructor`, subclasses, `instanceof`', () => {
    const { realm } = setUp();
    class Own extends realm.XMLHttpRequest {}
    const xhr = new Own();
    expect(xhr).toBeInstanceOf(realm.XMLHttpRequest);
    expect(Own.prototype.constructor).toBe(Own);
    expect(new realm.XMLHttpRequest().constructor).toBe(realm.XMLHttpRequest);
  });
});
