import { beforeAll, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

const RESTRICTING =
  'geolocation=(), camera=(), fullscreen=(self), microphone=("https://one.example"), clipboard-write=()';

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/restricted': (_, response) =>
    send(response, page('<h1>restricted page</h1>'), { 'permissions-policy': RESTRICTING }),
  '/sources': (request, response) => {
    const own = `http://${request.headers.host}`;
    const sources = [
      "default-src 'none'",
      `script-src ${own}/marks/ 'nonce-own'`,
      `connect-src ${own} ${own.replace('http', 'ws')}`,
      'img-src localhost:*',
      `form-action ${own}`,
    ];
    send(
      response,
      page('<h1>sources page</h1>', '<script nonce="own">globalThis.own = 1</script>'),
      {
        'content-security-policy': sources.join('; '),
      },
    );
  },
  '/marks/in.js': (_, response) => send(response, '', { 'content-type': 'text/javascript' }),
  '/out.js': (_, response) => send(response, '', { 'content-type': 'text/javascript' }),
  '/image.svg': (_, response) =>
    send(response, '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>', {
      'content-type': 'image/svg+xml',
    }),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await stage.newSides();
    for (const side of sides) await side.open('/', 'front page');
  });

  test.each(['/', '/restricted'])('the features of %s are those of localhost', async (path) => {
    await expectSame(sides, async (side) => {
      await side.go(path, 'page');
      await side.expectPath();
      return side.ask(async () => {
        const { featurePolicy } = document as unknown as {
          featurePolicy?: { allowedFeatures(): string[] };
        };
        const names = ['geolocation', 'camera', 'microphone', 'clipboard-write', 'notifications'];
        const states = names.map(async (asked) => {
          const query = navigator.permissions.query({ name: asked as PermissionName });
          return query.then(
            ({ state }) => `${asked} ${state}`,
            () => `${asked} unknown`,
          );
        });
        return {
          allowed: featurePolicy?.allowedFeatures().sort(),
          fullscreen: document.fullscreenEnabled,
          states: await Promise.all(states),
        };
      });
    });
  });

  test('a policy’s sources that name the app by its address on localhost', async () => {
    const local = await expectSame(sides, async (side) => {
      await side.go('/sources', 'sources page');
      await side.expectPath();
      return side.ask(async () => {
        const loads = (element: HTMLElement): Promise<boolean> =>
          new Promise((resolve) => {
            element.onload = () => resolve(true);
            element.onerror = () => resolve(false);
            document.body.append(element);
          });
        const script = (src: string): HTMLElement =>
          Object.assign(document.createElement('script'), { src });
        return {
          nonced: 'own' in globalThis,
          fetched: await fetch('/').then(
            ({ ok }) => ok,
            () => false,
          ),
          image: await loads(Object.assign(new Image(), { src: '/image.svg' })),
          script: await loads(script('/marks/in.js')),
          other: await loads(script('/out.js')),
        };
      });
    });
    expect(local).toEqual({ nonced: true, fetched: true, image: true, script: true, other: false });
  });
});
