import { describe, expect, test } from '@jest/globals';
import { createColors } from 'picocolors';
import type { ReadyInfo } from '../src/cli/reporter.js';
import { detailsView, qrView, readyView } from '../src/cli/terminal/ready-view.js';
import { OutputScreen, type Screen } from '../src/cli/terminal/screen.js';

const PLAIN = createColors(false);
const NOW = new Date(2026, 0, 2, 10, 0, 0);
const URL_OF_SESSION = 'https://s.tunnel.example/#k=abc';

const infoOf = (fields: Partial<ReadyInfo> = {}): ReadyInfo => ({
  ...{ url: URL_OF_SESSION, session: 's', server: 'https://tunnel.example', embedded: false },
  ...{ port: 3000, label: 'localhost:3000', alsoPorts: [], maxViewers: 10 },
  expiresAt: NOW.getTime() + 90 * 60_000,
  p2p: { enabled: true, engine: 'node-datachannel' },
  ingress: { mode: 'off' },
  entry: { asksPassphrase: false, passphrase: undefined, asksDeveloper: false, isReadOnly: false },
  ...{ page: '0123456789abcdef0123', appAnswers: true, takenPort: undefined },
  ...{ inspector: undefined, lan: undefined },
  ...fields,
});

type Size = Partial<Pick<Screen, 'columns' | 'rows' | 'hasKeys'>>;

const screenOf = (size: Size = {}): Screen =>
  ({ now: () => NOW, hasKeys: false, columns: undefined, rows: undefined, ...size }) as Screen;

const linesOf = (fields: Partial<ReadyInfo> = {}, size: Size = {}): string[] =>
  readyView(infoOf(fields), screenOf(size), PLAIN).split('\n');

/** The rest of the line that begins with this name. */
function row(name: string, fields: Partial<ReadyInfo> = {}): string | undefined {
  const line = linesOf(fields).find((one) => one.startsWith(`  ${name.padEnd(8)} `));
  return line?.slice(11);
}

describe('the view of a session that is up', () => {
  test('ends with the URL, alone on its line', () => {
    expect(linesOf().slice(-3)).toEqual(['', `  ${URL_OF_SESSION}`, '']);
  });

  test('begins with what is shared; a name of the app has its port beside it', () => {
    expect(linesOf()[1]).toBe('  Wingman shares localhost:3000');
    expect(linesOf({ label: 'shop' })[1]).toBe('  Wingman shares shop, on localhost:3000');
  });

  test('shows no control character of a name', () => {
    expect(linesOf({ label: 'a\u001b[2Jb' })[1]).not.toContain('\u001b');
  });

  test.each<[string, Partial<ReadyInfo>, string | undefined]>([
    ['also', {}, undefined],
    ['also', { alsoPorts: [8080, 9090] }, 'localhost:8080, localhost:9090'],
    ['until', {}, '11:30 (90 min)'],
    ['until', { expiresAt: NOW.getTime() + 119.4 * 60_000 }, '11:59 (119 min)'],
    ['until', { expiresAt: NOW.getTime() + 8 * 3_600_000 }, '18:00 (8 h)'],
    ['until', { expiresAt: NOW.getTime() + 24 * 3_600_000 }, 'Sat Jan 03 10:00 (24 h)'],
    ['direct', {}, 'on (node-datachannel), else over the relay, sealed'],
    [
      'direct',
      { p2p: { enabled: false, reason: 'switched off' } },
      'off: everything over the relay, sealed',
    ],
    [
      'direct',
      { p2p: { enabled: false, reason: 'no engine' } },
      'off: no WebRTC engine loads on this machine; everything over the relay, sealed',
    ],
    ['server', {}, 'https://tunnel.example'],
    ['server', { embedded: true }, 'https://tunnel.example (in this process, for this machine)'],
    ['ingress', {}, 'off: plain HTTP is refused'],
    [
      'ingress',
      { ingress: { mode: 'open' } },
      'open: whoever knows the host name can use plain HTTP',
    ],
    ['inspect', {}, undefined],
    ['inspect', { inspector: 'http://127.0.0.1:4040' }, 'http://127.0.0.1:4040'],
    ['requests', {}, undefined],
    ['page', {}, '0123456789abcdef here; wingman verify <url> compares what the server serves'],
  ])('%s, with %j: %j', (name, fields, text) => {
    expect(row(name, fields)).toBe(text);
  });

  test('of the ingress has a command to copy, with the token and the session’s origin', () => {
    const lines = linesOf({ ingress: { mode: 'key', token: 'TOKEN' } });
    const at = lines.findIndex((line) => line.includes('plain HTTP needs the key'));
    expect(lines[at + 1]?.trim()).toBe(
      "curl -H 'Authorization: Bearer TOKEN' https://s.tunnel.example/",
    );
    expect(lines[at + 2]).toContain("wingman url '<the link below>'");
  });

  test('tells that only reading is allowed', () => {
    const { entry } = infoOf();
    expect(row('requests', { entry: { ...entry, isReadOnly: true } })).toBe(
      'read-only: GET, HEAD and OPTIONS pass, and WebSockets',
    );
  });
});

describe('who gets in', () => {
  const entry = (fields: Partial<ReadyInfo['entry']>): string | undefined =>
    row('viewers', { entry: { ...infoOf().entry, ...fields } });

  test.each([
    [{}, 'at most 10; whoever has the URL can open it'],
    [{ asksPassphrase: true }, 'at most 10; they need the URL and your passphrase'],
    [
      { asksPassphrase: true, passphrase: 'red fox' },
      'at most 10; they need the URL and the passphrase red fox',
    ],
    [{ asksDeveloper: true }, 'at most 10; of those who have the URL you let each in:'],
    [
      { asksPassphrase: true, asksDeveloper: true },
      'at most 10; they need the URL and your passphrase, and you let each in:',
    ],
  ])('with %j', (fields, text) => {
    expect(entry(fields)).toBe(text);
  });

  test('on the local network: by the link that phones open, and who can read it is said', () => {
    const lan = {
      url: 'http://192.168.1.5:8787/__wingman/ingress?token=t',
      ...{ address: '192.168.1.5', trust: undefined },
    };
    const lines = linesOf({ lan, embedded: true });
    expect(lines.at(-2)).toBe(`  ${lan.url}`);
    expect(lines.join(' ')).toMatch(/everyone on this network.*plain HTTP.*can read it/);
    expect(row('here', { lan })).toBe(`${URL_OF_SESSION} (on this machine: the whole tunnel)`);
    expect([row('here'), row('trust')]).toEqual([undefined, undefined]);
  });

  test('on the local network by TLS: what a phone has to trust, and by what to know it', () => {
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
    const trust = { url: 'https://192.168.1.5:8787/__wingman/certificate', fingerprint };
    const lan = { url: 'https://192.168.1.5:8787/#k=abc', address: '192.168.1.5', trust };
    const text = linesOf({ lan, embedded: true }).join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain(`${trust.url} (past its warning)`);
    expect(text.replaceAll(' AB:', 'AB:')).toContain(fingerprint);
    expect(text).toContain('in browsers that trust this machine’s certificate');
    const small = linesOf({ lan, embedded: true }, { columns: 80, rows: 20, hasKeys: true });
    expect(small.join(' ')).toMatch(/trust +phones, once: d shows how/);
  });

  test('on the local network: as it is served there, whatever address the server has', () => {
    const url = 'http://192.168.1.5:8787/__wingman/ingress?token=t';
    const lan = { url, address: '192.168.1.5', trust: undefined };
    const server = 'http://localhost:8787';
    expect(row('server', { lan, server, embedded: true })).toBe(
      `${server} (in this process, for this network)`,
    );
    const text = linesOf({ lan, server, embedded: true }).join(' ');
    expect(text).not.toContain('this machine only');
  });

  test.each([
    ['http://localhost:8787', 'Opens in browsers on this machine only; --server reaches others.'],
    ['http://127.0.0.1:8787', 'Opens in browsers on this machine only; --server reaches others.'],
    ['http://10.1.2.3', 'Opens for everyone on this network who has the link.'],
    ['http://172.16.0.1', 'Opens for everyone on this network who has the link.'],
    ['http://172.31.0.1', 'Opens for everyone on this network who has the link.'],
    ['http://192.168.1.9', 'Opens for everyone on this network who has the link.'],
    ['http://[fd00::1]', 'Opens for everyone on this network who has the link.'],
    ['http://[fe80::1]', 'Opens for everyone on this network who has the link.'],
    ['http://mac.local', 'Opens for everyone on this network who has the link.'],
    ['http://172.32.0.1', 'Opens for everyone who has the link and reaches 172.32.0.1.'],
    ['http://192.169.1.1', 'Opens for everyone who has the link and reaches 192.169.1.1.'],
    ['https://t.example', 'Opens for everyone who has the link and reaches t.example.'],
    ['https://local.example', 'Opens for everyone who has the link and reaches local.example.'],
  ])('by a server at %s', (server, text) => {
    expect(linesOf({ server })).toContain(`  ${text}`);
  });
});

describe('warnings', () => {
  test('are shown for an app that doesn’t answer, and for a port that was taken', () => {
    const lines = linesOf({ appAnswers: false, takenPort: 8787 }).filter((one) => /!/.test(one));
    expect(lines).toEqual([
      '  ! Nothing listens on port 3000 yet. Start your app; viewers see a page that says so.',
      '  ! Port 8787 is taken, so the tunnel server uses another one this time.',
    ]);
  });

  test('are not there when all is well', () => {
    expect(linesOf().filter((one) => /!/.test(one))).toEqual([]);
  });
});

describe('on a small screen, with --lan', () => {
  const PLAIN_LAN = {
    url: `http://192.168.101.205:8787/__wingman/ingress?token=${'t'.repeat(43)}&to=%2Fcart`,
    ...{ address: '192.168.101.205', trust: undefined },
  };
  const TLS_LAN = {
    url: `https://192.168.101.205:8787/cart#k=${'k'.repeat(43)}`,
    address: '192.168.101.205',
    trust: {
      url: 'https://192.168.101.205:8787/__wingman/certificate',
      fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
    },
  };
  const OWN = `http://shop-abcdefghijklmnop.localhost:8787/cart#k=${'k'.repeat(43)}`;
  const base = { url: OWN, server: 'http://localhost:8787', embedded: true };

  /** Rows of the terminal, with what its edge breaks. */
  const rowsOf = (lines: readonly string[], columns: number): number =>
    lines.reduce((rows, { length }) => rows + Math.max(1, Math.ceil(length / columns)), 0);

  test.each([
    ['plain HTTP', 80, 24, PLAIN_LAN, /by plain HTTP.*can read it/],
    ['plain HTTP', 40, 20, PLAIN_LAN, /by plain HTTP.*can read it/],
    ['TLS', 80, 24, TLS_LAN, /trust this machine’s certificate/],
    ['TLS', 40, 20, TLS_LAN, /trust this machine’s certificate/],
  ])(
    'by %s, %i by %i: all of it fits, who can open it too, and the link is last and whole',
    (...args) => {
      const [, columns, rows, lan, words] = args;
      const warned = { ...base, lan, appAnswers: false, takenPort: 8787 };
      const lines = linesOf(warned, { columns, rows, hasKeys: true });
      expect(rowsOf(lines, columns)).toBeLessThanOrEqual(rows);
      expect(lines.at(-2)).toBe(`  ${lan.url}`);
      expect(lines.join(' ').replace(/ +/g, ' ')).toMatch(words);
      const broken = lines.filter((line) => line.length > columns && !line.includes('://'));
      expect(broken).toEqual([]);
    },
  );

  test.each([
    [80, 24],
    [40, 20],
  ])(
    '%i by %i: the details have each half of the fingerprint on a line that can be compared',
    (columns, rows) => {
      const size = { columns, rows, hasKeys: true };
      const lines = detailsView(infoOf({ ...base, lan: TLS_LAN }), screenOf(size), PLAIN).split(
        '\n',
      );
      const { fingerprint, url } = TLS_LAN.trust;
      expect(lines.some((line) => line.includes(url))).toBe(true);
      expect(lines.map((line) => line.trim()).join('')).toContain(fingerprint);
      const prints = lines.filter((line) => /(?:[0-9A-F]{2}:){3}/.test(line));
      expect(prints.filter((line) => line.length > columns)).toEqual([]);
    },
  );

  test('without keys the certificate to trust is said at once: nobody could ask for it', () => {
    const lines = linesOf({ ...base, lan: TLS_LAN }, { columns: 40, rows: 20, hasKeys: false });
    expect(lines.some((line) => line.includes(TLS_LAN.trust.url))).toBe(true);
  });

  test('beside others in one terminal: the link that phones open, and who can read it', () => {
    const screen = { ...screenOf({ columns: 80, rows: 24, hasKeys: true }), isShared: true };
    const lines = readyView(infoOf({ ...base, lan: PLAIN_LAN }), screen, PLAIN).split('\n');
    expect(lines.at(-1)).toBe(`  ${PLAIN_LAN.url}`);
    expect(lines.join(' ')).toMatch(/by plain HTTP/);
    expect(lines.join(' ')).not.toContain(OWN);
  });

  test('the code to scan is that of the link that phones open', () => {
    const large = { columns: 100, rows: 90, hasKeys: true };
    const codeIn = (lines: readonly string[]): string[] =>
      lines.filter((line) => /[▀▄█]/.test(line));
    const shown = codeIn(linesOf({ ...base, lan: PLAIN_LAN }, large));
    expect(shown.length).toBeGreaterThan(10);
    expect(shown).toEqual(codeIn(qrView(PLAIN_LAN.url, screenOf(large))?.split('\n') ?? []));
  });
});

describe('a screen', () => {
  const hasCode = (lines: readonly string[]): boolean => lines.some((line) => /[▀▄█]/.test(line));
  const LARGE = { columns: 100, rows: 80, hasKeys: true };

  test('with room shows a code to scan, and no line is wider than it', () => {
    const lines = linesOf({}, LARGE);
    expect(hasCode(lines)).toBe(true);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test('that is too low for the code shows the rest', () => {
    const lines = linesOf({}, { ...LARGE, rows: 24 });
    expect([hasCode(lines), lines.some((line) => line.includes('direct'))]).toEqual([false, true]);
  });

  test('that is low, with keys, shows what nobody may miss, in as many lines as it has', () => {
    const lines = linesOf({ appAnswers: false }, { ...LARGE, rows: 12 });
    expect(lines.length).toBeLessThanOrEqual(12);
    const text = lines.join('\n');
    for (const word of ['until', 'viewers', 'Nothing listens', 'd details', URL_OF_SESSION])
      expect(text).toContain(word);
    expect(text).not.toContain('direct');
  });

  test('that is low, without keys, shows all: nobody could ask for the rest', () => {
    const text = linesOf({}, { ...LARGE, hasKeys: false, rows: 12 }).join('\n');
    expect(text).toContain('direct');
    expect(text).toContain('Ctrl-C stops sharing.');
  });

  test('that nobody looks at has no code and no breaks', () => {
    expect(hasCode(linesOf())).toBe(false);
  });

  test('shows the code by a key only where its edge breaks no line', () => {
    expect(qrView(URL_OF_SESSION, screenOf({ columns: 80 }))).toContain(URL_OF_SESSION);
    expect(qrView(URL_OF_SESSION, screenOf({ columns: 20 }))).toBeUndefined();
  });

  test('that has no row for more shows the code whole, and alone', () => {
    const url = `https://s.tunnel.example/?token=${'a'.repeat(43)}`;
    const rowsOf = (rows: number): string[] =>
      qrView(url, screenOf({ columns: 80, rows }))?.split('\n') ?? [];
    const whole = rowsOf(60);
    const code = whole.filter((line) => /[▀▄█]/.test(line));
    // One row more for the line that counts.
    expect(rowsOf(whole.length + 1)).toEqual(whole);
    expect(rowsOf(whole.length)).toEqual(code);
  });

  test('shows details by a key: the whole table, and the URL in reach', () => {
    const view = detailsView(infoOf(), screenOf(LARGE), PLAIN);
    for (const word of ['direct', 'server', 'Opens for everyone', URL_OF_SESSION])
      expect(view).toContain(word);
    const narrow = detailsView(infoOf(), screenOf({ columns: 40 }), PLAIN).split('\n');
    const reach = narrow.slice(
      narrow.findIndex((line) => line.includes('Opens')),
      -2,
    );
    expect(reach.length).toBeGreaterThan(1);
    expect(reach.every((line) => line.length <= 40)).toBe(true);
  });
});

test('a terminal that was given no size breaks no line', () => {
  const output = { write: () => undefined, isTTY: true, columns: 0, rows: 0 };
  const screen = new OutputScreen(output, { color: false, hasKeys: true, isWatched: true });
  expect([screen.columns, screen.rows]).toEqual([undefined, undefined]);
  expect(readyView(infoOf(), screen, PLAIN)).toContain(
    'at most 10; whoever has the URL can open it',
  );
});
