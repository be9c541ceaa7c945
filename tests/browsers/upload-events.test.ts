import { expect, test } from '@jest/globals';
import { besideLocalhost } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/upload': (request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.byteLength));
    request.on('end', () => send(response, String(bytes)));
  },
  /** Takes a part of the body only, and doesn't answer. */
  '/stuck': (request) => void request.once('data', () => request.pause()),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each([
    ['a text', 'text', 5],
    ['a file of 12 MiB', 'file', 12_582_912],
  ])('the upload of %s has its events', async (_, kind, bytes) => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'front page');
      return side.ask(upload, kind);
    });
    const sending = [
      'upload loadstart 0',
      ...[`upload progress`, `upload load ${bytes}`, `upload loadend ${bytes}`],
    ];
    expect(local).toEqual(['loadstart', ...sending, 'headers', 'load', 'loadend', String(bytes)]);
  });

  test('one that is given up on its way has these', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'front page');
      return side.ask(upload, 'stuck');
    });
    expect(local.slice(0, 3)).toEqual(['loadstart', 'upload loadstart 0', 'upload progress']);
    expect(local.slice(3)).toContain('upload abort');
  });
});

/** What an upload tells its page, in order; of several `progress` events in a row one. Runs in the app's page. */
function upload(kind: string): Promise<string[]> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const seen: string[] = [];
    const note = (text: string): unknown => seen.at(-1) !== text && seen.push(text);
    for (const type of ['loadstart', 'load', 'error', 'abort'] as const) {
      request.addEventListener(type, () => note(type));
    }
    for (const type of ['loadstart', 'load', 'loadend', 'error', 'abort'] as const) {
      // After `abort` Chromium says how much was sent. The standard has 0.
      const bytes = (loaded: number): string =>
        kind === 'stuck' && type !== 'loadstart' ? '' : ` ${loaded}`;
      request.upload.addEventListener(type, ({ loaded }) => note(`upload ${type}${bytes(loaded)}`));
    }
    request.upload.onprogress = ({ loaded, total }) => {
      if (loaded > total) note(`${loaded} of ${total}`);
      note('upload progress');
      if (kind === 'stuck') request.abort();
    };
    request.onreadystatechange = () => request.readyState === 2 && note('headers');
    request.onloadend = () => {
      note('loadend');
      resolve(kind === 'stuck' ? seen : [...seen, request.responseText]);
    };
    request.open('POST', kind === 'stuck' ? '/stuck' : '/upload');
    request.send(kind === 'text' ? 'täxt' : new Blob([new Uint8Array(12_582_912)]));
  });
}
