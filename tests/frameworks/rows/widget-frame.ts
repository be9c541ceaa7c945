import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SERVER = `const { createServer } = require('node:http');
const { readFileSync } = require('node:fs');

const html = (file) => ['text/html', readFileSync(file, 'utf8').replaceAll('WIDGET', process.env.WIDGET)];
const penpal = ['text/javascript', readFileSync('node_modules/penpal/dist/penpal.min.js', 'utf8')];
const serve = (port, files) => createServer((request, response) => {
  const [type, text] = files[request.url.split('?')[0]] ?? [];
  response.writeHead(text === undefined ? 404 : 200, type && { 'content-type': type }).end(text);
}).listen(port);
serve(process.env.PORT, { '/': html('app.html'), '/back': html('back.html'), '/penpal.js': penpal });
serve(process.env.WIDGET_PORT, {
  '/widget': html('widget.html'),
  '/popup': html('popup.html'),
  '/penpal.js': penpal,
});
`;

const head = (title: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" /><title>${title}</title><link rel="icon" href="data:," />
    <script src="/penpal.js"></script>
  </head>`;

const APP = `${head('Shop')}
  <body>
    <h1>A shop</h1>
    <button id="sign-in">Sign in</button>
    <ul></ul>
    <script>
      const say = (text) => {
        const line = document.createElement('li');
        line.textContent = text;
        document.querySelector('ul').append(line);
      };
      const frame = document.createElement('iframe');
      frame.src = 'WIDGET/widget?parent=' + encodeURIComponent(location.origin);
      frame.allow = 'payment';
      const listen = () => {
        const messenger = new Penpal.WindowMessenger({
          remoteWindow: frame.contentWindow,
          allowedOrigins: [new URL(frame.src).origin],
        });
        return Penpal.connect({
          messenger,
          methods: {
            resize: (height) => { frame.height = height; },
            price: (item) => item.length * 100,
          },
        });
      };
      document.body.append(frame);
      const connection = listen();
      window.widget = connection.promise;
      connection.promise.then(() => say('the widget is there'));
      addEventListener('message', ({ source, origin, data, isTrusted }) => {
        if (data?.kind !== 'signed in' && data?.kind !== 'came back') return;
        const from = source === frame.contentWindow ? 'the frame' : 'another window';
        const where = origin === location.origin ? 'this site' : origin === 'WIDGET' ? 'the widget' : origin;
        say(data.kind + ' from ' + from + ' of ' + where + ', trusted: ' + isTrusted);
      });
      document.querySelector('#sign-in').onclick = () => {
        open('WIDGET/popup?parent=' + encodeURIComponent(location.origin), 'popup', 'width=300,height=200');
      };
    </script>
  </body>
</html>
`;

const WIDGET = `${head('Widget')}
  <body>
    <h1>A widget of another site</h1>
    <script>
      const origin = new URLSearchParams(location.search).get('parent');
      const messenger = new Penpal.WindowMessenger({ remoteWindow: parent, allowedOrigins: [origin] });
      let remote;
      const connection = Penpal.connect({
        messenger,
        methods: {
          pay: async (item) => (await remote.price(item)) + ' paid for ' + item,
          grow: (height) => remote.resize(height),
          sum: (bytes) => new Uint8Array(bytes).reduce((sum, byte) => sum + byte, 0),
          where: () => ({
            referrer: document.referrer === origin + '/',
            above: [...(location.ancestorOrigins ?? [origin])].at(0) === origin,
            reach: (() => { try { return parent.document.title; } catch (error) { return error.name; } })(),
            cookie: navigator.cookieEnabled,
          }),
          leave: () => { setTimeout(() => location.assign(origin + '/back')); },
        },
      });
      connection.promise.then((parent) => { remote = parent; });
    </script>
  </body>
</html>
`;

const BACK = `${head('Back')}
  <body>
    <h1>back from the bank</h1>
    <script>
      parent.postMessage({ kind: 'came back' }, location.origin);
    </script>
  </body>
</html>
`;

const POPUP = `${head('Sign in')}
  <body>
    <script>
      const origin = new URLSearchParams(location.search).get('parent');
      opener.postMessage({ kind: 'signed in' }, origin);
      close();
    </script>
  </body>
</html>
`;

declare const widget: Promise<{
  pay: (item: string) => Promise<string>;
  grow: (height: number) => Promise<void>;
  sum: (bytes: ArrayBuffer) => Promise<number>;
  where: () => Promise<unknown>;
  leave: () => Promise<void>;
}>;

async function talk(visit: Visit): Promise<unknown> {
  await visit.shows('the widget is there');
  return visit.root.evaluate(async () => {
    const { pay, grow, sum, where } = await widget;
    await grow(321);
    return {
      paid: await pay('a book'),
      sum: await sum(new Uint8Array(1_000_000).fill(3).buffer),
      height: document.querySelector('iframe')?.height,
      where: await where(),
      frames: [frames.length, frames[0] === document.querySelector('iframe')?.contentWindow],
    };
  });
}

async function signIn(visit: Visit): Promise<unknown> {
  await visit.press('#sign-in');
  return lineOf(visit, 'signed in');
}

/** The frame goes to another page of the app, as after a payment. */
async function comeBack(visit: Visit): Promise<unknown> {
  await visit.root.evaluate(async () => {
    await (await widget).leave();
  });
  await visit.shows('back from the bank');
  return lineOf(visit, 'came back');
}

async function lineOf(visit: Visit, text: string): Promise<unknown> {
  await visit.shows(text);
  return visit.root.evaluate((wanted) => {
    const lines = [...document.querySelectorAll('li')].map((line) => line.textContent);
    return lines.filter((line) => line.includes(wanted));
  }, text);
}

export const widgetFrame: Framework = {
  name: 'widget-frame',
  title: 'A widget of another site (Penpal)',
  packages: ['penpal'],
  scaffold: [
    {
      'package.json': JSON.stringify({ private: true }),
      'server.js': SERVER,
      'app.html': APP,
      'widget.html': WIDGET,
      'back.html': BACK,
      'popup.html': POPUP,
    },
    'cd widget-frame && npm install penpal@7.0.6',
  ],
  // A name below localhost leads to this machine, and is another site than the session.
  start: ({ app, api }) =>
    `PORT=${app} WIDGET_PORT=${api} WIDGET=http://widget.localhost:${api} node server.js`,
  framesHttp: true,
  shows: 'the widget is there',
  edits: [],
  checks: [
    { what: 'calls both ways', run: talk },
    { what: 'a popup that answers', run: signIn },
    { what: 'a frame that comes back', run: comeBack },
  ],
};
