import { beforeEach, describe, expect, test } from '@jest/globals';
import type { TunnelServer } from '../src/index.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import { createKeys, FakeHost } from './support/fake-host.js';
import { fetchWhole, type Answer } from './support/http.js';
import { startServer } from './support/server.js';

const VIEWER = '0123456789abcdef0123456789abcdef';
const ARRIVAL = 'fedcba9876543210fedcba9876543210';
const NAVIGATION: Record<string, string> = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

let clock: FakeClock;
let server: TunnelServer;
let main: FakeHost;
let other: FakeHost;

beforeEach(async () => {
  clock = new FakeClock();
  server = await startServer({}, clock);
  const keys = createKeys();
  main = await FakeHost.start(server.port, { keys });
  other = await FakeHost.start(server.port, { keys, otherPort: 8080 });
});

const at = (host: FakeHost, path: string, headers: Record<string, string>): Promise<Answer> =>
  fetchWhole(server.port, host.name, path, { headers });

/** Leaves the main session by the door; the redirect's target. */
async function leave({
  to = '/a?b',
  port = 8080,
  cookie = `__Host-wingman-viewer=${VIEWER}`,
  headers = NAVIGATION,
  arrival = ARRIVAL,
} = {}): Promise<string> {
  const query = String(new URLSearchParams({ to, for: arrival }));
  const path = `/__wingman/door/${port}/pass?${query}`;
  const answer = await at(main, path, { ...headers, cookie });
  return answer.headers.location ?? String(answer.status);
}

/** Arrives where the redirect leads. */
function arrive(location: string, arrival = ARRIVAL, host = other): Promise<Answer> {
  const { pathname, search } = new URL(location);
  return at(host, pathname + search, { cookie: `__Host-wingman-arrival=${arrival}` });
}

const idIn = ({ headers }: Answer): string | undefined =>
  /__Host-wingman-viewer=(\w+)/.exec(String(headers['set-cookie']))?.[1];

describe('the way from the main session to another port’s', () => {
  test('takes the browser’s id along, to where the visitor wants to go', async () => {
    const answer = await arrive(await leave());
    expect(answer.headers.location).toBe(`http://${other.name}/a?b`);
    expect(idIn(answer)).toBe(VIEWER);
    // The app's scripts are not to see it.
    expect(String(answer.headers['set-cookie'])).toContain('__Host-wingman-arrival=; Path=/;');
  });

  test('is open once, for a while, and at that session only', async () => {
    const location = await leave();
    await arrive(location);
    expect(idIn(await arrive(location))).toBeUndefined();
    const late = await leave();
    clock.advance(SERVER_LIMITS.passageMs);
    expect(idIn(await arrive(late))).toBeUndefined();
    expect(idIn(await arrive(await leave(), ARRIVAL, main))).toBeUndefined();
  });

  test('gives another browser nothing: it has not begun the passage', async () => {
    const answer = await arrive(await leave(), 'a'.repeat(32));
    expect([answer.status, idIn(answer)]).toEqual([302, undefined]);
    expect(idIn(await arrive(await leave({ arrival: '' }), ''))).toBeUndefined();
  });

  test.each<[string, Parameters<typeof leave>[0]]>([
    ['a script asks, not a navigation', { headers: { 'sec-fetch-mode': 'cors' } }],
    ['the browser has no id', { cookie: '' }],
  ])('when %s, the visitor comes as a stranger', async (_, asked) => {
    expect(await leave(asked)).toBe(`http://${other.name}/a?b`);
  });

  test.each(['//evil.example/', 'https://evil.example/', '@evil.example', '/\r\nx: y', '/a#k=x'])(
    'leads to %j at that session or not at all',
    async (to) => {
      for (const location of [
        await leave({ to, cookie: '' }),
        (await arrive(await leave({ to }))).headers.location,
      ]) {
        const { host, hash } = new URL(location ?? '');
        expect([host, hash]).toEqual([other.name, '']);
      }
    },
  );

  test('is none to a port without a session', async () => {
    expect(await leave({ port: 8081 })).toBe('404');
  });
});

describe('who may frame the shell', () => {
  const ancestors = async (host: FakeHost, path: string): Promise<string | undefined> => {
    const { headers } = await at(host, path, NAVIGATION);
    return /frame-ancestors ([^;]*)/.exec(String(headers['content-security-policy']))?.[1];
  };

  test('nobody, but the pages of other ports of the same host at the address for it', async () => {
    const stranger = await FakeHost.start(server.port);
    const [one, two] = [main, other].map(({ name }) => `http://${name}`);
    expect(await ancestors(main, '/in/')).toBe("'none'");
    expect(await ancestors(other, '/__wingman/in/deep/page')).toBe(one);
    expect(await ancestors(main, '/__wingman/in')).toBe(two);
    expect(await ancestors(main, '/__wingman/door/8080')).toBe(`${one} ${two}`);
    expect(await ancestors(stranger, '/__wingman/in/x')).toBe("'none'");
  });
});
