import { beforeAll, expect, test } from '@jest/globals';
import { besideLocalhost } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

const WORKER = 'onmessage = ({ data }) => postMessage(data + 1)';
const SERVICE_WORKER = 'onfetch = () => undefined';
const script = (code: string): Route => {
  const headers = { 'content-type': 'text/javascript' };
  return (_, response) => send(response, code, headers);
};

const ROUTES: Record<string, Route> = {
  // The app's own page is as loose as pages may be: none of the shell's policy is its.
  '/': (_, response) =>
    send(
      response,
      page(
        '<h1 style="color: rgb(1, 2, 3)">front page</h1><script>inline = eval("1 + 1")</script>',
        '<link rel="icon" href="/icon.svg"><base href="/">',
      ),
    ),
  '/icon.svg': (_, response) =>
    send(response, '<svg xmlns="http://www.w3.org/2000/svg"/>', {
      'content-type': 'image/svg+xml',
    }),
  '/worker.js': script(WORKER),
  '/own-sw.js': script(SERVICE_WORKER),
  '/ran.js': script('window.ran = true'),
};

type Heard = { directive: string; blocked: string };
type Listening = Window & { heard?: Heard[]; ran?: boolean };

besideLocalhost({ routes: ROUTES }, (stage) => {
  let side: Side;

  beforeAll(async () => {
    side = await stage.newSide('p2p');
    await side.tab.evaluateOnNewDocument(() => {
      const tab = window as Listening;
      tab.heard = [];
      addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
        tab.heard?.push({ directive: effectiveDirective, blocked: blockedURI }),
      );
    });
    await side.open('/', 'front page');
  });

  const violations = (): Promise<Heard[]> =>
    side.tab.evaluate(() => (window as Listening).heard ?? []);

  test('a session runs within the policy of its shell: workers, icon, sockets, pill', async () => {
    const answered = await side.ask(async () => {
      await navigator.serviceWorker.register('/own-sw.js');
      await navigator.serviceWorker.ready;
      const worker = new Worker('/worker.js');
      return new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(1);
      });
    });
    expect(answered).toBe(2);
    await eventually('the icon', () =>
      side.tab.evaluate(() =>
        document
          .querySelector<HTMLLinkElement>('link[rel=icon]')
          ?.href.startsWith('data:image/svg'),
      ),
    );
    const pill = await eventually('the pill', () =>
      side.tab.evaluate(() => {
        const root = document.querySelector('wingman-pill')?.shadowRoot;
        const button = root?.querySelector('button') ?? undefined;
        button?.click();
        return button && getComputedStyle(button).cursor;
      }),
    );
    expect(pill).toBe('pointer');
    await side.expectPath();
    expect(await violations()).toEqual([]);
  });

  test('the app’s own page has none of it', async () => {
    expect(
      await side.ask(() => ({
        inline: (window as unknown as { inline: number }).inline,
        color: getComputedStyle(document.querySelector('h1') ?? document.body).color,
      })),
    ).toEqual({ inline: 2, color: 'rgb(1, 2, 3)' });
  });

  test.each<[string, () => void]>([
    [
      'an inline script',
      () => {
        const script = document.createElement('script');
        script.append('window.ran = true');
        document.body.append(script);
      },
    ],
    [
      'an inline handler',
      () => {
        const image = document.createElement('img');
        image.setAttribute('onerror', 'window.ran = true');
        image.dispatchEvent(new Event('error'));
      },
    ],
  ])('%s that got into the shell doesn’t run, as it would at once', async (_, inject) => {
    await side.reload('front page');
    // Browsers refuse some by an exception and others in silence, and Chromium tells of these in its console only.
    await side.tab.evaluate(inject).catch(() => undefined);
    expect(await side.tab.evaluate(() => (window as Listening).ran)).toBeUndefined();
  });

  test.each<[string, () => void]>([
    [
      'a script of the app’s',
      () => {
        const script = document.createElement('script');
        script.setAttribute('src', '/ran.js');
        document.body.append(script);
      },
    ],
    [
      'a form that is sent away',
      () => {
        const form = document.createElement('form');
        form.action = 'http://127.0.0.1:1/';
        document.body.append(form);
        form.submit();
      },
    ],
  ])('%s that got into the shell does nothing', async (_, inject) => {
    await side.reload('front page');
    await eventually('the violation', async () => {
      await side.tab.evaluate(inject).catch(() => undefined);
      return (await violations()).length > 0;
    });
    expect(await side.tab.evaluate(() => (window as Listening).ran)).toBeUndefined();
  });

  test('text becomes no markup in the shell', async () => {
    await side.reload('front page');
    const outcome = await side.tab.evaluate(() => {
      try {
        document.body.insertAdjacentHTML(
          'beforeend',
          '<img src="data:," onerror="window.ran = true">',
        );
        return 'written';
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect(outcome).toBe('TypeError');
  });

  test('a page about a problem shows in its own style, and runs nothing', async () => {
    const problem = `${side.url('/').split('/#')[0]}/__wingman/nothing`;
    await side.tab.goto(problem);
    const seen = await side.tab.evaluate(() => {
      const script = document.createElement('script');
      script.append('window.ran = true');
      try {
        document.body.append(script);
      } catch {
        // Trusted Types refuse it before the policy does.
      }
      return {
        padding: getComputedStyle(document.querySelector('main') ?? document.body).padding,
        ran: (window as Listening).ran ?? false,
      };
    });
    expect(seen).toEqual({ padding: '32px', ran: false });
  });
});
