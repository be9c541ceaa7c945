import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/dir/asked': (_, response, { search }) => send(response, `answer to ${search}`),
  '/dir/events': (_, response) =>
    send(response, 'data: told\n\n', { 'content-type': 'text/event-stream' }),
};

// That nothing went past the tunnel is the last test of each browser.
besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each(['about:blank', 'srcdoc', 'document.write'])(
    'a frame that a script has made (%s) asks through the tunnel',
    async (kind) => {
      const local = await stage.expectSameAfresh(async (side) => {
        await side.open('/', 'front page');
        return side.ask(askFromFrame, kind);
      }, ONE_PATH);
      expect(local).toEqual({
        fetch: ['answer to ?fetch', true],
        xhr: ['answer to ?xhr', true],
        events: ['told', true],
        beacon: true,
        scripts: 0,
      });
      const asked = () => stage.app.seen.filter(({ target }) => target.endsWith('?beacon')).length;
      expect(asked()).toBeGreaterThan(0);
    },
  );
});

/** Asks for things from within a new frame. Runs in the app's page. */
async function askFromFrame(kind: string): Promise<object> {
  const frame = document.createElement('iframe');
  if (kind === 'srcdoc') frame.srcdoc = '<base href="/dir/"><p>made';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const realm = frame.contentWindow as Window & typeof globalThis;
  if (kind === 'document.write') {
    realm.document.write('<base href="/dir/"><p>made');
    realm.document.close();
  } else if (kind === 'about:blank') {
    realm.document.head.innerHTML = `<base href="${location.origin}/dir/">`;
  }
  const answer = await realm.fetch('asked?fetch');
  const fetched = [await answer.text(), answer instanceof realm.Response];
  const xhr = new realm.XMLHttpRequest();
  xhr.open('GET', 'asked?xhr');
  xhr.send();
  await new Promise((resolve) => (xhr.onloadend = resolve));
  const source = new realm.EventSource('events');
  const told = await new Promise((resolve) => {
    source.onmessage = ({ data }) => resolve(data);
  });
  source.close();
  return {
    fetch: fetched,
    xhr: [xhr.responseText, xhr instanceof realm.XMLHttpRequest],
    events: [told, source instanceof realm.EventSource],
    beacon: realm.navigator.sendBeacon('asked?beacon'),
    scripts: document.scripts.length,
  };
}
