import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { stop } from '../support/listening.js';
import { page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

/** Tells the app what it can read of the session's key. */
const STEAL = `fetch('/stolen?'+localStorage.getItem('wingman.key'))`;

const SCRIPTS: readonly (readonly [string, string])[] = [
  ['javascript:', `javascript:void ${STEAL}`],
  ['JaVaScRiPt:', `JaVaScRiPt:void ${STEAL}`],
  ['java\\tscript:', `java\tscript:void ${STEAL}`],
  ['data:', `data:text/html,<h1>ran</h1><script>${STEAL}</script>`],
];

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/stolen': (_, response) => send(response, ''),
  '/to': (_, response, { searchParams }) =>
    response
      .writeHead(Number(searchParams.get('code') ?? 302), {
        location: searchParams.get('url') ?? '/',
      })
      .end(),
};

/** What stands in the frame in place of a page that can't be had. */
const REFUSED = 'could not be understood';

besideLocalhost({ routes: ROUTES }, (stage) => {
  let side: Side;

  beforeAll(async () => {
    side = await stage.newSide('p2p');
    await side.open('/', 'front page');
  });

  beforeEach(async () => {
    await side.go('/', 'front page');
    stage.app.seen.length = 0;
  });

  /** A redirect of the app's to what the app has not written: an open redirect. */
  const redirectTo = (url: string): string => `/to?url=${encodeURIComponent(url)}`;

  /** A blob of the app's own, as far as its name goes. */
  const blob = (): Promise<string> =>
    side.ask((script) => {
      const content = `<h1>ran</h1><script>${script}</script>`;
      return URL.createObjectURL(new Blob([content], { type: 'text/html' }));
    }, STEAL);

  const expectNothingRan = (): void => {
    const targets = stage.app.seen.map(({ target }) => target);
    expect(targets.filter((target) => target.startsWith('/stolen'))).toEqual([]);
    expect(targets.some((target) => target.startsWith('/to'))).toBe(true);
  };

  test('scripts follow one to another site, which is asked for nothing that localhost does not ask for', async () => {
    const other = createServer((_, response) =>
      send(response, 'there', { 'access-control-allow-origin': '*' }),
    );
    // An address that is no name of the developer's machine.
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.2', resolve));
    const away = `http://127.0.0.2:${(other.address() as AddressInfo).port}`;
    const outcomes = await stage.expectSameAfresh(async (fresh) => {
      await fresh.open('/', 'front page');
      return fresh.ask(askByRedirect, `/to?url=${encodeURIComponent(`${away}/there`)}`);
    }, ONE_PATH);
    await stop(other);
    expect(outcomes).toEqual(Array(4).fill([200, `${away}/there`]));
  });

  const ways: readonly (readonly [string, (target: string) => Promise<void>])[] = [
    ['the address bar', (target) => side.open(target, REFUSED)],
    ['a navigation of the app', (target) => side.go(target, REFUSED)],
    [
      'a frame within the app',
      async (target) => {
        await side.ask((src) => {
          document.body.append(Object.assign(document.createElement('iframe'), { src }));
        }, target);
        await eventually('the frame’s page', () =>
          side.ask((refused) => {
            const frame = document.querySelector('iframe')?.contentDocument;
            return frame?.body.innerText.includes(refused);
          }, REFUSED),
        );
      },
    ],
    [
      'a fetch',
      async (target) => {
        const outcome = await side.ask(
          (url) => fetch(url).then(String, ({ name }: Error) => name),
          target,
        );
        expect(outcome).toBe('TypeError');
      },
    ],
  ];

  test.each(
    ways.flatMap(([way, follow]) => SCRIPTS.map(([name, url]) => ({ way, follow, name, url }))),
  )('of $way to $name: no script runs', async ({ follow, url }) => {
    await follow(redirectTo(url));
    expectNothingRan();
  });

  test.each(ways.map(([way, follow]) => ({ way, follow })))(
    'of $way to blob: no script runs',
    async ({ follow }) => {
      await follow(redirectTo(await blob()));
      expectNothingRan();
    },
  );
});

/** Asks for a redirect in the ways that the shim numbers: status and URL of each answer. Runs in the app's page. */
async function askByRedirect(target: string): Promise<unknown[]> {
  const seen = ({ status, url }: Response): unknown => [status, url];
  const { signal } = new AbortController();
  const xhr = new XMLHttpRequest();
  xhr.open('GET', target);
  xhr.send();
  await new Promise((resolve) => (xhr.onloadend = resolve));
  return [
    seen(await fetch(target, { signal })),
    seen(await fetch(new Request(target))),
    seen(await fetch(`${target}&code=307`, { method: 'POST', body: 'text' })),
    [xhr.status, xhr.responseURL],
  ];
}
