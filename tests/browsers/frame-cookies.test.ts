import { expect, test } from '@jest/globals';
import { besideLocalhost } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => {
    const cookies = ['login=yes; Path=/', 'theme=dark; Path=/'];
    response.setHeader('set-cookie', cookies);
    send(response, page('<h1>front page</h1>'));
  },
  '/cookies': ({ headers }, response) => send(response, headers.cookie ?? ''),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each([
    ['about:blank', '<iframe></iframe>'],
    ['srcdoc', '<iframe srcdoc="<p>hello"></iframe>'],
    ['srcdoc in srcdoc', '<iframe srcdoc="<iframe srcdoc=hello></iframe>"></iframe>'],
  ])('what a script deletes and writes stays so when a frame of %s appears', async (_, frame) => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'front page');
      return side.ask(logOut, frame);
    });
    expect(local).toEqual([['theme=light'], ['frame=1', 'theme=light'], ['theme=light']]);
  });
});

/** The cookies that the server is sent after each step of a logout by a script. Runs in the app's page. */
async function logOut(markup: string): Promise<string[][]> {
  const sent = async (): Promise<string[]> =>
    (await (await fetch('/cookies')).text()).split('; ').sort();
  // Chromium writes cookies in the background: on localhost too, another document sees them a moment later.
  const shows = async (isThere: boolean): Promise<void> => {
    while (document.cookie.includes('frame=1') !== isThere) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  document.cookie = 'login=; Path=/; Max-Age=0';
  document.cookie = 'theme=light; Path=/';
  document.body.innerHTML = markup;
  const frame = document.querySelector('iframe');
  if (frame?.srcdoc) await new Promise((resolve) => (frame.onload = resolve));
  const away = await sent();
  const within = frame?.contentDocument;
  if (within) within.cookie = 'frame=1; Path=/';
  await shows(true);
  const written = await sent();
  if (within) within.cookie = 'frame=; Path=/; Max-Age=0';
  await shows(false);
  return [away, written, await sent()];
}
