// Every screen that `wingman` shows in a terminal, from the real one in a pseudo-terminal: for the pictures of the documents, and
// for a test. It runs in a network of its own, so that ports and addresses are the same each time. Needs a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ownNetwork } from './own-network.mjs';
import { startTerminal } from './pictured-terminal.mjs';

const WIDE = { columns: 80, rows: 24, prefix: 'terminal' };
const SMALL = { columns: 40, rows: 20, prefix: 'terminal-small' };
const TALL = { columns: 80, rows: 48, prefix: 'terminal' };
const BOTH = [WIDE, SMALL];

/** Where the app of these sessions listens, and another server, which answers as the first one does. */
const [PORT, OTHER_PORT] = [3000, 5173];
const APP = `for (const port of [${PORT}, ${OTHER_PORT}]) require('http').createServer((asked, answer) => {
    answer.statusCode = asked.url === '/missing' ? 404 : 200;
    answer.end('<title>The shop</title>');
  }).listen(port, '127.0.0.1', () => console.log('listens'));`;
/** What `wingman run` starts. */
const DEV_SERVER = `require('http').createServer((asked, answer) => answer.end('an app'))
  .listen(3100, '127.0.0.1', () => console.log('ready'))`;
/** Asks a session by its address alone, without a resolver. */
const ASK = `const [url, method, origin] = process.argv.slice(1); const { host, pathname, search } = new URL(url);
  const headers = { host, ...(origin && { origin }) };
  require('http').request({ host: '127.0.0.1', port: 8787, path: pathname + search, method, headers }, (answer) => answer.resume()).end();`;

const URL_END = /#k=[\w-]{22}/;

/** Each session: with what it is started, at which sizes, and its screens in order, which `shows` one text each when it is whole. */
const SESSIONS = [
  {
    sizes: BOTH,
    args: [String(PORT), '--expires', '2h'],
    screens: [
      { name: 'first', shows: URL_END },
      ...[
        ['viewers', 'v', 'Nobody is here'],
        ['keys', '?', 'like Ctrl-C'],
        ['paused', 'p', 'goes on.'],
        ['details', 'd', /inspect +http.*#k=[\w-]{22}/],
        ['qr', 'q', /▀{30}/],
        ['stopped', 'x', 'Stopped.'],
      ].map(([name, key, shows]) => ({ name, key, shows })),
    ],
  },
  {
    sizes: BOTH,
    args: [String(PORT), '--ingress', 'open'],
    screens: [
      { shows: URL_END },
      { ask: ['/', 'GET'], shows: '1 request,' },
      { ask: ['/api/cart', 'POST'], shows: '2 requests,' },
      { name: 'requests', ask: ['/missing', 'GET'], shows: '3 requests,' },
      {
        name: 'wrong-key',
        ask: [`/__wingman/relay?link=${'0'.repeat(32)}&pass=AAAA`, 'POST'],
        shows: 'another key',
      },
    ],
  },
  {
    sizes: BOTH,
    args: [String(PORT), '--server', 'localhost:9000'],
    screens: [{ name: 'server-away', shows: 'nothing listens there' }],
  },
  { sizes: BOTH, args: [], screens: [{ name: 'choice', shows: 'Share which?' }] },
  {
    sizes: BOTH,
    args: ['up'],
    files: {
      'wingman.config.json': JSON.stringify({
        apps: { shop: { port: PORT }, docs: { port: OTHER_PORT } },
      }),
    },
    screens: [{ name: 'up', shows: /#k=[\w-]{22}.*#k=[\w-]{22}/ }],
  },
  {
    sizes: BOTH,
    args: ['run', '--', 'node', 'dev.cjs'],
    files: { 'dev.cjs': DEV_SERVER },
    screens: [{ name: 'run', shows: URL_END }],
  },
  {
    sizes: BOTH,
    args: [String(PORT), '--lan'],
    screens: [{ name: 'lan', shows: 'ingress?token=' }],
  },
  {
    sizes: BOTH,
    args: [String(PORT), '--lan-tls'],
    screens: [{ name: 'lan-tls', shows: URL_END }],
  },
  { sizes: [TALL], args: [String(PORT)], screens: [{ name: 'tall', shows: URL_END }] },
];

/** Yields the name of each screen (also of its picture, below docs/images/screens), its size, its rows, and its words. */
export async function* terminalScenes() {
  const network = await ownNetwork();
  const inside = (args, stdio) => {
    const [program, ...words] = [...network.through, process.execPath, ...args];
    // Where servers are offered, each is told with its folder.
    return spawn(program, words, { stdio, cwd: '/' });
  };
  const app = inside(['-e', APP], ['ignore', 'pipe', 'inherit']);
  const ask = (...words) => void inside(['-e', ASK, ...words], ['ignore', 'ignore', 'inherit']);
  try {
    await once(app.stdout, 'data');
    for (const session of SESSIONS) {
      for (const size of session.sizes) yield* screensOf(session, size, { network, ask });
    }
  } finally {
    app.kill();
    await network.close();
  }
}

async function* screensOf({ args, files = {}, screens }, size, { network, ask }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'wingman-terminal-'));
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), content);
  // Nothing that the user has set, and nothing in the user's folders.
  const env = { PATH: process.env.PATH, HOME: folder };
  const terminal = startTerminal(args, size, { through: network.through, cwd: folder, env });
  try {
    for (const { name, key, ask: asked, shows } of screens) {
      if (key !== undefined) terminal.type(key);
      if (asked !== undefined) ask(...question(terminal, asked));
      await terminal.shows(shows);
      if (name === undefined) continue;
      const words = masked(terminal.lines());
      yield { name: `${size.prefix}-${name}`, size, screen: terminal.screen(), words };
    }
  } finally {
    await terminal.stop();
    await rm(folder, { recursive: true });
  }
}

function question(terminal, [target, method]) {
  const { origin } = new URL(/http:\S+#k=/.exec(terminal.screen().join(''))[0]);
  return [origin + target, method, method === 'POST' ? origin : ''];
}

/** What is another one each time, and what stands for it. */
const MASKS = [
  [/^[▀▄█ ]*[▀▄█][▀▄█ ]*$/, '(QR code)'],
  [/\b[a-z2-7]{16}\./g, '(name).'],
  [/#k=[\w-]{22}/g, '#k=(key)'],
  [/(Bearer |token=)[\w-]{43}/g, '$1(token)'],
  [/\b[0-9a-f]{16}\b/g, '(hash)'],
  [/(?:[0-9A-F]{2}:){3,}[0-9A-F]{2}:?|^\s*(?:[0-9A-F]{2}:)+[0-9A-F]{2}$/g, '(print)'],
  [/(?:[A-Z][a-z]{2} ){2}\d\d (?=\d\d:\d\d)/g, ''],
  [/\b\d\d:\d\d(?::\d\d)?\b/g, '(time)'],
  [/:\d{5}\b/g, ':(port)'],
  [/\d+(?:\.\d+)? (?:ms|s)\b/g, '(span)'],
];

/** The app that a line is of, where there are several. */
function labelOf(line) {
  return /^(\w+) \|/.exec(line)?.[1] ?? '';
}

function masked(lines) {
  const said = lines.map((line) =>
    MASKS.reduce((text, [what, mask]) => text.replace(what, mask), line),
  );
  const words = said.map((line) => line.replaceAll(/\s+/g, ' ').trim()).filter(Boolean);
  const once = words.filter((line, index) => line !== '(QR code)' || words[index - 1] !== line);
  // Of several apps each is ready when it is.
  return once.sort((one, other) => labelOf(one).localeCompare(labelOf(other)));
}
