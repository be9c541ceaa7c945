import { describe, expect, test } from '@jest/globals';
import type { ReadyInfo } from '../src/cli/reporter.js';
import { terminalReporter } from '../src/cli/terminal-reporter.js';
import type { Screen } from '../src/cli/terminal/screen.js';
import type { RequestReport } from '../src/exchange/requests.js';
import { HOST_LIMITS } from '../src/limits.js';
import type { ViewerInfo } from '../src/tunnel/host-types.js';
import { FakeClock } from './support/fake-clock.js';

const NOW = new Date(2026, 10, 21, 12, 0, 5);

const VIEWER: ViewerInfo = {
  ...{ viewer: 'a1b2c3', path: 'relay', rttMs: 12.6, visitor: 2 },
  ...{ browser: 'Firefox 153 on Linux', address: '192.0.2.7' },
};

const REQUEST: RequestReport = {
  ...{
    id: '-1',
    viewer: undefined,
    kind: 'http',
    method: 'GET',
    port: 0,
    page: '/cart',
    status: 200,
  },
  ...{ state: 'done', code: undefined, ms: 40, bytes: 500, path: 'p2p' },
};

const INFO: ReadyInfo = {
  url: 'http://abcdefghijklmnop.localhost:8787/#k=0123456789012345678901',
  session: 'abcdefghijklmnop',
  server: 'http://localhost:8787',
  embedded: true,
  port: 3000,
  label: 'localhost:3000',
  alsoPorts: [],
  expiresAt: NOW.getTime() + 8 * 3_600_000,
  maxViewers: 8,
  p2p: { enabled: true, engine: 'node-datachannel' },
  ingress: { mode: 'key', token: 'TOKEN' },
  entry: {
    asksPassphrase: false,
    passphrase: undefined,
    asksDeveloper: false,
    isReadOnly: false,
  },
  page: '3f'.repeat(32),
  appAnswers: true,
  takenPort: undefined,
  inspector: undefined,
  lan: undefined,
};

function view(screen: Partial<Screen> = {}) {
  let text = '';
  const write = (more: string): void => void (text += more);
  const nothing = (): void => undefined;
  const clock = new FakeClock();
  const full = { columns: 80, rows: 60, color: false, hasKeys: false, now: () => NOW, ...screen };
  const reporter = terminalReporter({ ...full, status: nothing, control: nothing, write }, clock);
  return { reporter, clock, text: () => text };
}

function shown(info: Partial<ReadyInfo>, screen?: Partial<Screen>): string {
  const { reporter, text } = view(screen);
  reporter.ready({ ...INFO, ...info });
  return text();
}

/** How many rows a text takes in a terminal of 80 columns, with that of the cursor. */
function rowsAt80(text: string): number {
  return text
    .split('\n')
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / 80)), 0);
}

describe('when ready', () => {
  test('says what, where, until when and how', () => {
    const text = shown({});
    expect(text).toContain('Wingman shares localhost:3000');
    expect(text).toContain(INFO.url);
    expect(text).toContain('until    20:00 (8 h)');
    expect(text).toContain('on (node-datachannel)');
    expect(text).toContain('(in this process, for this machine)');
    expect(text).toContain(
      "curl -H 'Authorization: Bearer TOKEN' http://abcdefghijklmnop.localhost:8787/\n",
    );
    expect(text).not.toContain('!');
  });

  test('a day that is not today is named', () => {
    expect(shown({ expiresAt: NOW.getTime() + 24 * 3_600_000 })).toContain(
      'Sun Nov 22 12:00 (24 h)',
    );
  });

  test('the URL is the last line and alone on it; all fits a screen of 80 by 24', () => {
    const text = shown({}, { rows: 24 });
    const lines = text.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(`  ${INFO.url}`);
    expect(rowsAt80(text)).toBeLessThanOrEqual(24);
    expect(text).not.toContain('▀');
  });

  test('a small screen with keys has what nobody may miss, and all of it', () => {
    const small = { columns: 40, rows: 20, hasKeys: true };
    const text = shown(
      { appAnswers: false, entry: { ...INFO.entry, asksPassphrase: true } },
      small,
    );
    for (const words of ['the URL and', '20:00 (8 h)', 'Nothing listens', 'd details']) {
      expect(text).toContain(words);
    }
    expect(text).not.toContain('curl');
    const rows = text.split('\n').map(({ length }) => Math.max(1, Math.ceil(length / 40)));
    expect(rows.reduce((sum, more) => sum + more)).toBeLessThanOrEqual(20);
    expect(shown({}, { ...small, hasKeys: false })).toContain('curl');
  });

  test('the QR code needs a terminal that is large enough for it and all else', () => {
    const height = rowsAt80(shown({}));
    expect(height).toBeGreaterThan(shown({}).split('\n').length);
    expect(shown({}, { rows: height })).toContain('▀');
    expect(shown({}, { rows: height - 1 })).not.toContain('▀');
    expect(shown({}, { rows: height, color: true })).toContain('▀');
    expect(shown({}, { columns: 30 })).not.toContain('▀');
    expect(shown({}, { columns: undefined })).not.toContain('▀');
    expect(shown({}, { rows: undefined })).not.toContain('▀');
  });

  test.each([
    ['http://localhost:8787', 'on this machine only'],
    ['http://127.0.0.1:8787', 'on this machine only'],
    ['http://[::1]:8787', 'on this machine only'],
    ['http://192.168.1.7:8787', 'everyone on this network'],
    ['http://172.20.0.1:8787', 'everyone on this network'],
    ['http://[fd00::1]:8787', 'everyone on this network'],
    ['http://desk.local:8787', 'everyone on this network'],
    ['http://172.32.0.1:8787', 'everyone who has the link and reaches 172.32.0.1'],
    ['https://tunnel.example.org', 'everyone who has the link and reaches tunnel.example.org'],
    ['https://localhost.example.org', 'reaches localhost.example.org'],
  ])('says who can open a link of %s', (server, words) => {
    expect(shown({ server, embedded: false })).toContain(words);
  });

  test('warns of what will not work', () => {
    expect(shown({ alsoPorts: [8080, 9000] })).toContain('localhost:8080, localhost:9000');
    expect(shown({ appAnswers: false })).toContain('Nothing listens on port 3000 yet');
    expect(shown({ takenPort: 8787 })).toContain('Port 8787 is taken');
    expect(shown({ p2p: { enabled: false, reason: 'no engine' } })).toContain('no WebRTC engine');
    expect(shown({ p2p: { enabled: false, reason: 'switched off' } })).toContain('direct   off');
    expect(shown({ ingress: { mode: 'off' } })).toContain('plain HTTP is refused');
    expect(shown({ ingress: { mode: 'open' } })).toContain('whoever knows the host name');
  });

  test('has colours only where they are wanted', () => {
    expect(shown({})).not.toContain('\u001b[');
    expect(shown({}, { color: true })).toContain('\u001b[');
  });
});

test('what happens is told line by line', () => {
  const { reporter, clock, text } = view();
  const viewer = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
  const who = () => ({ ...VIEWER, viewer });
  reporter.viewerJoined({ viewer, path: 'relay', viewers: 1 }, who);
  reporter.request({ ...REQUEST, viewer });
  reporter.pathChanged({ viewer, path: 'p2p', from: 'relay', change: 'upgraded' });
  reporter.pathChanged({ viewer, path: 'relay', from: 'p2p', change: 'fell-back' });
  clock.advance(HOST_LIMITS.lossMs);
  reporter.pathChanged({ viewer, path: 'offline', from: 'relay', change: 'lost' });
  clock.advance(HOST_LIMITS.lossMs);
  reporter.pathChanged({ viewer, path: 'relay', from: 'offline', change: 'connected' });
  for (const port of [8080, 8080, 9000]) {
    const refused = { state: 'refused', code: 'PORT_NOT_ALLOWED', status: 403 } as const;
    reporter.request({ ...REQUEST, ...refused, viewer, port });
  }
  reporter.viewers([who()]);
  reporter.problem({ code: 'TIMEOUT', message: 'no direct path', viewer });
  reporter.problem({ code: 'CARRIER_CLOSED', message: 'ECONNREFUSED' });
  reporter.reconnected();
  reporter.moved({ url: 'https://s.b.test/#k=x', server: 'https://b.test' });
  reporter.viewerLeft({ viewer, reason: 'LINK_CLOSED', viewers: 0 });
  reporter.stopping({ exchanges: 2, drainMs: 2_000 });
  const refused = { KEY_NEEDED: 12, LIMIT_EXCEEDED: 1 };
  const pushed = { sent: 0, unclaimed: 0 };
  reporter.stopped({ reason: 'expired', message: 'the session has expired', refused, pushed });
  expect(text().split('\n')).toEqual([
    '  12:00:05  + viewer 2 joined: Firefox 153 on Linux, over the relay (1 viewer)',
    '  12:00:05  GET  200  40 ms    500 B  #2 direct /cart',
    '  12:00:05  ~ viewer 2 is now direct',
    '  12:00:05  ~ viewer 2 goes on over the relay',
    '  12:00:05  ~ viewer 2 lost its connection; waiting for it to come back',
    '  12:00:05  ~ viewer 2 is back, over the relay',
    '  12:00:05  GET  403  40 ms    500 B  #2 direct :8080/cart (PORT_NOT_ALLOWED)',
    '  12:00:05  ! a page asks for localhost:8080, which is not shared: --also 8080',
    '              shares it',
    '  12:00:05  GET  403  40 ms    500 B  #2 direct :8080/cart (PORT_NOT_ALLOWED)',
    '  12:00:05  GET  403  40 ms    500 B  #2 direct :9000/cart (PORT_NOT_ALLOWED)',
    '  12:00:05  ! a page asks for localhost:9000, which is not shared: --also 9000',
    '              shares it',
    '  12:00:05  viewer 2 (Firefox 153 on Linux, at 192.0.2.7, says the server): over',
    '              the relay, 13 ms there and back',
    '  12:00:05  ! viewer 2: no direct path',
    '  12:00:05  ! tunnel server: ECONNREFUSED',
    '  12:00:05  + the tunnel server is back; the URL is the same',
    '  12:00:05  + https://b.test has the session now; its URL is another one:',
    '',
    '  https://s.b.test/#k=x',
    '',
    '  12:00:05  - viewer 2 left (no viewers)',
    '',
    '  Stopping … 2 exchanges under way may end within 2 s. (Ctrl-C again to stop at',
    '  once)',
    '  In 3 seconds: 1 viewer (1 with a direct path); 4 requests, 2.0 KiB direct.',
    '  Refused or cut off: KEY_NEEDED 12, LIMIT_EXCEEDED 1',
    '  Stopped: the session has expired.',
    '',
  ]);
});

describe('who may enter', () => {
  const entry = (more: Partial<ReadyInfo['entry']>) => shown({ entry: { ...INFO.entry, ...more } });

  test('is said at the start', () => {
    expect(shown({})).toContain('at most 8; whoever has the URL can open it');
    expect(entry({ asksPassphrase: true, passphrase: 'k7pd-x2mq-a9ts' })).toContain(
      'at most 8; they need the URL and the passphrase k7pd-x2mq-a9ts',
    );
    expect(entry({ asksPassphrase: true })).toContain('the URL and your passphrase');
    expect(entry({ asksDeveloper: true })).toContain('r 1 refuses or removes');
    expect(entry({ isReadOnly: true })).toContain('requests read-only');
    expect(shown({})).not.toContain('read-only');
  });

  test('is told as it happens', () => {
    const { reporter, text } = view({ columns: undefined });
    const visitor = { number: 3, browser: 'Firefox 153 on Linux' };
    for (const standing of ['waiting', 'admitted', 'refused', 'new'] as const) {
      reporter.visitor({ ...visitor, standing });
    }
    reporter.wrongPassphrase({ visitor: { ...visitor, standing: 'new' }, wrong: 5 });
    expect(text()).toContain('? visitor 3 (Firefox 153 on Linux) wants in: type a 3 to accept');
    expect(text()).toContain('+ visitor 3 (Firefox 153 on Linux) is let in');
    expect(text()).toContain('- visitor 3 (Firefox 153 on Linux) is turned away');
    expect(text()).toContain('- visitor 3 (Firefox 153 on Linux) waits no longer');
    expect(text()).toContain('typed a wrong passphrase (5 so far)');
    reporter.visitor({ ...visitor, standing: 'waiting', address: '192.0.2.7' });
    expect(text()).toContain('(Firefox 153 on Linux, at 192.0.2.7, says the server) wants in');
  });

  test('is listed when asked for', () => {
    const { reporter, text } = view();
    const tries = { right: 0, wrong: 0, limited: 0 };
    reporter.visitors([], tries);
    expect(text()).toContain('nobody has come yet');
    reporter.visitors([{ number: 1, browser: 'curl/8', standing: 'admitted' }], {
      ...tries,
      wrong: 4,
      limited: 9,
    });
    expect(text()).toContain('visitor 1 (curl/8): admitted');
    expect(text()).toContain('wrong passphrases: 4; not looked at, being too many: 9');
  });
});

test('nobody else takes over the terminal', () => {
  const { reporter, text } = view();
  const message = 'sorry\u001b[2J\u001b]0;owned\u0007\r\n\u202egnp.exe\u2066\u200b\u2028';
  reporter.problem({ code: 'REFUSED', message });
  reporter.failed('REFUSED', message);
  reporter.stopped({ reason: 'refused', message, refused: {}, pushed: { sent: 0, unclaimed: 0 } });
  reporter.transfer({
    ...{ id: '-1', viewer: undefined, direction: 'upload', method: 'POST', target: '/\u009b2J' },
    ...{ bytes: 1, total: 1, bytesPerSecond: 1, state: 'done' },
  });
  expect(text().split('\n')).toHaveLength(5);
  expect(text().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});
