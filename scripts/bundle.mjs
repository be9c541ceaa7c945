// Bundles packages/browser-client into packages/tunnel-server/assets, and holds the sizes to their budgets.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'packages/browser-client/src');
/** `node scripts/bundle.mjs DIRECTORY` builds somewhere else. */
const assets = process.argv[2] ?? path.join(root, 'packages/tunnel-server/assets');

/**
 * Bytes after gzip: what a first visit costs, but for sw-app-workers.js and emulation.js, which only an app
 * with a service worker of its own asks for, together.js, which the pill's details ask for, and diagnostics.html, which a
 * person opens. A little above what is reached, so that growth is noticed.
 */
const BUDGETS = {
  // 0.4 KiB keep the link key where scripts can't read it; 1.1 KiB bring pages of other ports their key, and frame them.
  // 0.7 KiB say over the app that the connection is away, and what waits for it.
  // 0.8 KiB bring both paths back within seconds after a change of network; 0.8 KiB tell a way by TURN from a direct one;
  // 1.1 KiB say why there is no direct path, and what would help.
  // 4.5 KiB are the further lanes of the direct path, the cap on what is under way on each, and what each path carries.
  // 0.6 KiB say who shares and how long yet, and let a person leave.
  // 1 KiB have the service worker's code on its way before the page's, and the app's first paint before all that can wait.
  // 0.7 KiB undo what the host has compressed. 0.5 KiB spare the relay, and leave the peer alone while nobody looks.
  // 0.2 KiB bound how often a silent direct path gets a successor. 1.2 KiB make a repeated head 40 bytes of 570.
  // 0.1 KiB lead to the page about diagnostics. 0.3 KiB fetch together.js once somebody opens the pill's details.
  // 0.5 KiB have a small answer in one turn of the link, its END with it, and know whether the tunnel worker is behind.
  // 0.6 KiB hand on what the host pushes. 0.2 KiB ask for that with the first flight, and undo what is compressed of it.
  // 0.7 KiB have streams over several lanes wait for nothing but themselves. 0.2 KiB move to another node before one stops.
  // 0.2 KiB say which of page and host is older. 0.3 KiB have the next direct path gather while the host is asked.
  // 0.3 KiB are what the page's own code has taken over from the script that sends the first flight.
  // 0.1 KiB widen the window of a stream whose reader keeps up.
  // 0.2 KiB have lanes that are preferred, and more lanes and an earlier trial of the relay where the direct path is far.
  // 0.2 KiB have as much under way on the relay's stream as its losses need.
  'shell.html': 86.1 * 1024,
  // Ten segments are a first flight of TCP (RFC 6928). Browsers ask for Brotli, which takes 4 % less than this: with its
  // head it is a segment more, which costs a round trip beside those of the first page, and none of them waits for it.
  // 0.3 KiB are the policies of the pages that a service worker answers with. 0.2 KiB keep the bodies that WebKit
  // leaves out of redirected requests. 0.4 KiB save a second visit the shell's round trips, and a first one the shim's.
  // 0.1 KiB give bodies the length that the shim says. 2.7 KiB are the HTTP cache: thirteen segments take no round trip
  // more than eleven, and a reload is without the answers that it keeps. 0.1 KiB are the deadlines of what reads the disk, and
  // 0.1 KiB its waits for a body that the disk has yet to write, or that `force-cache` alone may use. 0.1 KiB know the pages
  // about diagnostics and of viewers together, and ports of the page's own host. 0.6 KiB keep small answers in memory, 0.2 KiB forget
  // those that never reached the disk. 0.9 KiB keep what was pushed until the page asks.
  'sw.js': 21.3 * 1024,
  'sw-app-workers.js': 12.3 * 1024,
  // 0.6 KiB note which cookies the app's scripts write, by which the host knows those that others have set; half a
  // KiB gives XMLHttpRequest the events that it lacks behind a service worker: upload bars stay empty without them.
  // 0.3 KiB hide the database with the link key and our cookie.
  // 0.8 KiB keep links, forms, frames and scripts that name the app by its address on localhost within the session.
  // 0.3 KiB lend requests to frames that scripts have made; 0.7 KiB repeat what elements of theirs load, and say so.
  // 0.4 KiB give the app picture-in-picture windows, which browsers refuse to frames; 0.3 KiB lead to pages of other ports.
  // 0.3 KiB say how long bodies are: without it the servers of Python and PHP read nothing. 0.1 KiB make hooks cheap.
  // The version in it takes a few bytes more or less.
  'shim.js': 14.8 * 1024,
  'emulation.js': 5.6 * 1024,
  // Comes when somebody opens the page; 22 KiB of it draw charts.
  'diagnostics.html': 40 * 1024,
  // Its hash stands in the shell's policy.
  'together.js': 9 * 1024,
};

/**
 * Bytes of the shell up to the script that sends the first flight, as the server compresses them. Thirty segments of 1,448
 * bytes come in the first two round trips of a connection (RFC 6928); what doesn't fit costs a third. 0.9 KiB of them are
 * the answer's head, and 0.3 KiB the session's own data.
 */
const FIRST_FLIGHT_BUDGET = 30 * 1448 - 1.2 * 1024;
const FIRST_FLIGHT_ENDS = '<style>';

/** Stands for the version until the hash over everything is known. */
const VERSION_PLACEHOLDER = '@wingman-version@';

const minifiedCss = {
  name: 'minified-css',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path: file }) => ({
      contents: await readCss(file),
      loader: 'text',
    }));
  },
};

async function readCss(file) {
  const { code } = await transform(await readFile(file, 'utf8'), { loader: 'css', minify: true });
  return code.trim();
}

async function bundle(contents, define = {}) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: source, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    minify: true,
    target: 'es2022',
    platform: 'browser',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: {
      WINGMAN_VERSION: JSON.stringify(VERSION_PLACEHOLDER),
      'process.env.NODE_ENV': '"production"',
      ...define,
    },
    plugins: [minifiedCss],
  });
  return outputFiles[0].text.trim();
}

/** A function with a name, by which its own text can be had: workers are given the same script. */
function named(code) {
  if (code.includes('\n')) throw new Error('the shim has to be one line, or it would shift others');
  return `(function wingman(){${code}})()`;
}

/** Makes code safe inside a script element; both spellings mean the same to JavaScript. */
function inline(code) {
  return code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

function fill(template, parts) {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const slot = `/*wingman-${name}*/`;
    if (text.split(slot).length !== 2) throw new Error(`a page needs ${slot} exactly once`);
    return text.replace(slot, () => part);
  }, template);
}

async function composeShell(together) {
  const integrity = `sha256-${createHash('sha256').update(together).digest('base64')}`;
  const [template, style, first, worker, early, code] = await Promise.all([
    readFile(path.join(source, 'shell/shell.html'), 'utf8'),
    readCss(path.join(source, 'shell/shell.css')),
    bundle(`import './shell/first.ts';`),
    bundle(`import './worker/main.ts';`),
    bundle(`import './shell/early.ts';`),
    bundle(`import './shell/main.ts';`, { WINGMAN_TOGETHER: JSON.stringify(integrity) }),
  ]);
  const scripts = { first, worker, early, code };
  const parts = Object.entries(scripts).map(([name, script]) => [name, inline(script)]);
  return fill(template, { style, ...Object.fromEntries(parts) });
}

/** A page of one file, whose policy lets in nothing but its own code and style. */
async function composeDiagnostics() {
  const chartStyle = path.join(root, 'node_modules/uplot/dist/uPlot.min.css');
  const [template, own, charts, bundled] = await Promise.all([
    readFile(path.join(source, 'diagnostics/diagnostics.html'), 'utf8'),
    readCss(path.join(source, 'diagnostics/diagnostics.css')),
    readCss(chartStyle),
    bundle(`import './diagnostics/main.tsx';`),
  ]);
  const [style, code] = [charts + own, inline(bundled)];
  const page = fill(template, { style, code });
  return fill(page, { policy: policyOf(page) });
}

/** The elements of a page as they stand there, by their hashes (CSP Level 3 section 2.3.1). */
function policyOf(page) {
  const [script, style] = ['script', 'style'].map((element) => {
    const [, text] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page);
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  });
  return [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function report(files) {
  console.log('asset                  raw      gzip    budget');
  const over = Object.entries(files).filter(([name, text]) => {
    const gzip = gzipSync(text, { level: 9 }).byteLength;
    const columns = [Buffer.byteLength(text), gzip, BUDGETS[name]].map((size) =>
      `${(size / 1024).toFixed(1)} KiB`.padStart(9),
    );
    console.log(`${name.padEnd(17)} ${columns.join(' ')}`);
    return gzip > BUDGETS[name];
  });
  for (const [name] of over) console.error(`${name} is over its budget`);
  if (over.length > 0) process.exitCode = 1;
}

function reportFirstFlight(page) {
  const needed = page.slice(0, page.indexOf(FIRST_FLIGHT_ENDS));
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: 7, [BROTLI_PARAM_LGWIN]: 18 };
  const { byteLength } = brotliCompressSync(needed, { params });
  const [size, most] = [byteLength, FIRST_FLIGHT_BUDGET].map((n) => (n / 1024).toFixed(1));
  console.log(`shell.html up to its first flight, brotli: ${size} KiB, budget ${most} KiB`);
  if (byteLength <= FIRST_FLIGHT_BUDGET) return;
  console.error('what the first flight needs is over its budget');
  process.exitCode = 1;
}

const together = await bundle(`import './together/main.ts';`);
const [shell, serviceWorker, appWorkersPart, shim, emulation, diagnostics] = await Promise.all([
  composeShell(together),
  bundle(`import './service-worker/main.ts';`),
  bundle(`import { offerPart } from '@wingman/app-worker/service-worker/late-part'; offerPart();`),
  bundle(`import './shim/main.ts';`).then(named),
  bundle(`import { runEmulation } from '@wingman/app-worker/emulation'; runEmulation(self);`),
  composeDiagnostics(),
]);
const bundles = {
  ...{ 'shell.html': shell, 'sw.js': serviceWorker, 'sw-app-workers.js': appWorkersPart },
  ...{ 'shim.js': shim, 'emulation.js': emulation, 'together.js': together },
  'diagnostics.html': diagnostics,
};
const hash = createHash('sha256');
for (const text of Object.values(bundles)) hash.update(text);
const version = hash.digest('hex').slice(0, 16);
const files = Object.fromEntries(
  Object.entries(bundles).map(([name, text]) => [
    name,
    text.replaceAll(VERSION_PLACEHOLDER, version),
  ]),
);
await mkdir(assets, { recursive: true });
for (const [name, text] of Object.entries(files)) await writeFile(path.join(assets, name), text);
report(files);
reportFirstFlight(files['shell.html']);
