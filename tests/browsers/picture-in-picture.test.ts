import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';

/** Of the app's own: the window has it too. */
const POLICY = "img-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline' 'self' blob:";
/** Wherever a click falls, it is meant for this. */
const BUTTON = '<button style="position:fixed;inset:0;width:100%">open it</button>';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page(BUTTON), { 'content-security-policy': POLICY }),
  '/style.css': (_, response) =>
    send(response, 'b { width: 77px; display: block }', { 'content-type': 'text/css' }),
  '/text': (_, response) => send(response, 'told'),
};

interface Found extends Window {
  found?: unknown;
}

besideLocalhost({ routes: ROUTES }, (stage) => {
  test('a document picture-in-picture window is the app’s, with all that it loads', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'open it');
      await side.ask(lookAtNextWindow);
      await side.tab.mouse.click(50, 50);
      // Longer than each of its own waits, so that it says what it has found.
      const isFound = () => side.ask(() => (window as Found).found);
      return eventually('the window', isFound, 45_000);
    }, ONE_PATH);
    expect(local).toEqual({
      before: null,
      width: 300,
      mode: 'CSS1Compat',
      address: ['/', '/style.css'],
      relations: { opener: true, parent: true, frame: true, window: true, entered: true },
      inline: ['rgb(1, 2, 3)', 'ran'],
      sheet: '77px',
      refused: ['img-src'],
      fetched: 'told',
      after: { told: true, window: null },
    });
  });
});

/** Looks at the window that the next click opens. Runs in the app's page. */
function lookAtNextWindow(): void {
  interface Pip extends EventTarget {
    window: Window | null;
    requestWindow(options: object): Promise<Window & typeof globalThis>;
  }
  const { documentPictureInPicture: pip } = window as unknown as { documentPictureInPicture: Pip };
  const until = async (isSo: () => boolean): Promise<void> => {
    const end = Date.now() + 20_000;
    while (!isSo() && Date.now() < end) await new Promise((go) => setTimeout(go, 20));
  };
  const look = async (): Promise<object> => {
    const before = pip.window;
    const entered = new Promise<Event>((go) => pip.addEventListener('enter', go, { once: true }));
    const opened = await pip.requestWindow({ width: 300, height: 200 });
    const { document: inside } = opened;
    const refused: string[] = [];
    inside.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
      refused.push(effectiveDirective),
    );
    const add = (name: string, members: object, to: Node = inside.head): void =>
      void to.appendChild(Object.assign(inside.createElement(name), members));
    add('b', { textContent: 'bold' }, inside.body);
    add('style', { textContent: 'body { color: rgb(1, 2, 3) }' });
    add('script', { textContent: 'ran = "ran"' });
    add('link', { rel: 'stylesheet', href: '/style.css' });
    add('img', { src: '/image' }, inside.body);
    const bold = inside.body.firstElementChild as HTMLElement;
    await until(() => opened.getComputedStyle(bold).width === '77px' && refused.length > 0);
    const shown = {
      before,
      width: opened.innerWidth,
      mode: inside.compatMode,
      address: ['.', 'style.css'].map((url) => new URL(url, inside.baseURI).pathname),
      relations: {
        opener: opened.opener === window,
        parent: opened.parent === opened,
        frame: opened.frameElement === null,
        window: pip.window === opened,
        entered: ((await entered) as Event & { window?: Window }).window === opened,
      },
      inline: [
        opened.getComputedStyle(inside.body).color,
        (opened as unknown as { ran?: string }).ran,
      ],
      sheet: opened.getComputedStyle(bold).width,
      refused,
      fetched: await (await opened.fetch(`${location.origin}/text`)).text(),
    };
    let told = false;
    opened.addEventListener('pagehide', () => (told = true));
    opened.close();
    await until(() => told && pip.window === null);
    return { ...shown, after: { told, window: pip.window } };
  };
  document.querySelector('button')?.addEventListener('click', () => {
    const note = (found: unknown): void => void Object.assign(window, { found });
    look().then(note, (error: Error) => note(`${error.name}: ${error.message}`));
  });
}
