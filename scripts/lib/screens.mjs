/* global document -- some functions run in the page. */
// Every page and state of ours that a reviewer may see, from the code that draws it: for the pictures of the documents, and for a
// test in both browsers. The pages need a build.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as pages from '../../packages/protocol/dist/index.js';
import { passphrasePart } from '../../packages/relay-server/dist/exchange/entry-page.js';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const client = path.join(root, 'packages/browser-client');
const PORT = 3000;

/** What the tunnel server and the host answer with. */
const ANSWERED = [
  pages.SESSION_UNKNOWN,
  pages.SESSION_ENDED,
  pages.DIRECTORY_AWAY,
  pages.localPortRefused(PORT),
  pages.portNotAllowed(8080),
  pages.appAborted(PORT, 'socket hang up'),
  pages.appTimedOut(PORT),
  pages.ingressProblem('UPLOAD_TIMEOUT'),
  pages.appBusy(PORT),
  pages.KEY_NEEDED,
  pages.INGRESS_REFUSED,
  pages.passphraseNeeded(),
  pages.APPROVAL_NEEDED,
  pages.VISITOR_REFUSED,
  pages.PAUSED,
  pages.readOnly('a POST'),
  pages.ADDRESS_DENIED,
  pages.FOREIGN_ORIGIN,
  pages.WRONG_HOST,
  pages.SERVER_FAILED,
  pages.viewerProblem('LINK_LOST'),
  pages.viewerProblem('PROTOCOL_ERROR'),
];

/** What these pages have besides their words. */
const PARTS = {
  PASSPHRASE_NEEDED: passphrasePart('/'),
  APPROVAL_NEEDED: pages.ASK_AGAIN_PART,
  LOCAL_PORT_REFUSED: pages.ASK_AGAIN_PART,
  PAUSED: pages.ASK_AGAIN_PART,
  SESSION_ENDED: pages.ASK_AGAIN_PART,
  SESSION_UNKNOWN: pages.ASK_AGAIN_PART,
};

/** What the reviewer's page shows in place of the app. */
const DRAWN = [
  'HOST_OFFLINE',
  'HANDSHAKE_FAILED',
  'KEY_MISSING',
  'SERVER_UNREACHABLE',
  'SESSION_EXPIRED',
  'SESSION_STOPPED',
  'TOO_MANY_VIEWERS',
  'TUNNEL_CRASHED',
  'UNSUPPORTED',
];

/** Where the picture of a scene lies, below docs/images. */
export function pictureOf(scene) {
  const isProblem = scene === scene.toUpperCase();
  if (!isProblem) return `screens/${scene}.webp`;
  return `problems/${scene.toLowerCase().replaceAll('_', '-')}.webp`;
}

/** The pages that are answered: each with its code and all of its HTML. */
export function answeredPages() {
  return ANSWERED.map((problem) => ({
    name: problem.code,
    html: pages.renderProblem(problem, 'text/html', PARTS[problem.code]).body,
  }));
}

/** A page that lists its `scenes`, whose `show(name)` draws one as the reviewer's page does; a problem's name is its code. */
export async function galleryPage() {
  const contents = `import { openGallery, SCENES } from './test/support/gallery.ts';
    import pill from './src/shell/pill.css';
    import together from './src/together/together.css';
    globalThis.scenes = [...${JSON.stringify(DRAWN)}, ...SCENES];
    globalThis.show = openGallery({ pill, together });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: client, loader: 'ts' },
    ...{ bundle: true, write: false, format: 'iife', target: 'es2022' },
    ...{ jsx: 'automatic', jsxImportSource: 'preact', loader: { '.css': 'text' } },
  });
  const css = await readFile(path.join(client, 'src/shell/shell.css'), 'utf8');
  const app = '<!doctype html><html lang=en><title>An app</title><main><h1>An app</h1></main>';
  const code = outputFiles[0].text.replaceAll('</script', '<\\/script');
  return `<!doctype html><html lang="en"><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1"><title>An app</title><style>${css}</style>
    <body><iframe id="wingman-app" title="App" srcdoc="${app}"></iframe><script>${code}</script>`;
}

/** Runs in the page: all that it says, without its times. */
export function words() {
  const roots = [...document.body.querySelectorAll('*')].flatMap(
    ({ shadowRoot }) => shadowRoot ?? [],
  );
  const said = [document.body, ...roots].map((root) => {
    const copy = document.createElement('div');
    copy.append(...[...root.childNodes].map((node) => node.cloneNode(true)));
    for (const code of copy.querySelectorAll('script, style')) code.remove();
    return copy.textContent;
  });
  const time = /\d{1,2}:\d\d(?:\s?[AP]M)?/g;
  return said.join(' ').replaceAll(time, '–').replaceAll(/\s+/g, ' ').trim();
}
