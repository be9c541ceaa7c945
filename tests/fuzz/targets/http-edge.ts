import { createLinkKey, parseCookies } from '@wingman/protocol';
import {
  IngressKey,
  withoutPass,
} from '../../../packages/relay-server/src/exchange/ingress-key.js';
import { reservedPath } from '../../../packages/relay-server/src/exchange/target-readings.js';
import {
  isOwnOrigin,
  isReserved,
  pathOf,
  routeHost,
} from '../../../packages/tunnel-server/src/web/locate.js';
import { originForm } from '../../../packages/tunnel-server/src/web/one-reading.js';
import type { Target } from '../target.js';
import { same } from './property.js';

const key = await IngressKey.create(createLinkKey(), 'abcdefghijklmnop');
const HOST = 'abcdefghijklmnop.tunnel.example';

/** What decides about a request before the app hears of it. A line each: target, Host, Origin, Cookie. */
export const httpEdge: Target = {
  name: 'http-edge',
  words: [
    ...[
      '/__wingman',
      '%2f',
      '%5c',
      '%2e',
      '..',
      '//',
      '\\',
      'http://',
      `http://${HOST}`,
      '@',
      ':80',
    ],
    ...[
      '?wingman-pass=',
      'a.1.Lw.',
      '&',
      ';',
      '=',
      '__Host-wingman-viewer=',
      '.tunnel.example',
      '[::1]',
    ],
  ],
  run(input) {
    const [target = '', host = '', origin = '', cookie = ''] = Buffer.from(input)
      .toString('latin1')
      .split('\n');
    checkTarget(target);
    const route = routeHost(host, 'tunnel.example');
    if (route.kind === 'session')
      same('a session is a label', /^[a-z0-9-]{1,63}$/.test(route.name), true);
    if (isOwnOrigin(origin, HOST, 'https')) same('an origin', new URL(origin).host, HOST);
    const names = parseCookies(cookie).map(([name]) => name);
    same(
      'a cookie has a name',
      names.filter((name) => name.includes(';')),
      [],
    );
  },
};

function checkTarget(target: string): void {
  const path = originForm(target, HOST);
  if (path === undefined) return;
  same('nobody signs by chance', key.isSigned(path), false);
  const open = withoutPass(path);
  same('a pass is taken out at once', withoutPass(open), open);
  if (!path.startsWith('/')) return;
  // What the server keeps for itself the host must not give to the app.
  if (isReserved(pathOf(path)))
    same('both call it reserved', reservedPath(path) !== undefined, true);
}
