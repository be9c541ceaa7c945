import { expect, test } from '@jest/globals';
import { besideLocalhost } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';

const POLICIES: Record<string, string> = {
  '/connect': "connect-src 'self'",
  '/default': "default-src 'self'; script-src 'unsafe-inline'",
  '/none': "default-src 'self'; connect-src 'none'",
};

const shown: Route = (_, response, { pathname }) =>
  send(response, page(`<h1>${pathname}</h1>`), {
    'content-security-policy': POLICIES[pathname] ?? '',
  });

const ROUTES: Record<string, Route> = {
  '/connect': shown,
  '/default': shown,
  '/none': shown,
  '/api': (_, response) => send(response, 'answer'),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each([
    ['/connect', 'answer'],
    ['/default', 'answer'],
    ['/none', 'refused'],
  ])('a page with a policy calls its app by the address on localhost: %s', async (path, answer) => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open(path, path);
      return side.ask(ask, `http://localhost:${stage.app.port}/api`);
    });
    expect(local).toBe(answer);
  });
});

/** Runs in the app's page. */
function ask(url: string): Promise<string> {
  return fetch(url).then(
    (response) => response.text(),
    () => 'refused',
  );
}
