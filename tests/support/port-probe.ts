/**
 * What a page sees of an API on another port, as plain data: at `localhost`, or where it says itself that its own host is.
 * Runs in the browser and uses nothing from outside.
 */
export async function probePorts(
  apiPort: number,
  isBeside = false,
): Promise<Record<string, unknown>> {
  const { protocol, hostname } = location;
  const api = isBeside ? `${protocol}//${hostname}:${apiPort}` : `http://localhost:${apiPort}`;
  const seen: Record<string, unknown> = {};
  const ask = async (path: string, init: RequestInit = {}, base = api): Promise<unknown> => {
    try {
      const response = await fetch(base + path, init);
      const names = [...response.headers.keys()].filter((name) => name !== 'content-length');
      return [response.status, await response.text(), names.sort()];
    } catch (error) {
      return (error as Error).name;
    }
  };
  const include: RequestInit = { credentials: 'include' };
  const asked: Record<string, [path: string, init?: RequestInit]> = {
    'allowed to any': ['/any/whoami'],
    'not allowed': ['/none/whoami'],
    'allowed to another': ['/stranger/whoami'],
    'any, with credentials': ['/any/whoami?c', include],
    'mine, with credentials': ['/mine/whoami', include],
    'mine, with credentials nobody allows': ['/plain/whoami', include],
    'exposed fields': ['/any/expose'],
    'a form type': ['/any/whoami', { method: 'POST', body: new URLSearchParams({ a: '1' }) }],
    'plain text': ['/any/whoami', { method: 'POST', body: 'text' }],
    HEAD: ['/any/whoami', { method: 'HEAD' }],
    JSON: [
      '/any/whoami?json',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
    ],
    'an allowed method': ['/any/whoami?put', { method: 'PUT', body: 'x' }],
    'another method': ['/any/whoami?patch', { method: 'PATCH', body: 'x' }],
    'an allowed field': ['/any/whoami?x-a', { headers: { 'X-A': '1' } }],
    'another field': ['/any/whoami?x-b', { headers: { 'x-a': '1', 'x-b': '1' } }],
    'long but simple': ['/any/whoami?long', { headers: { accept: 'x'.repeat(129) } }],
    'any field': ['/wild/whoami', { method: 'PATCH', headers: { 'x-b': '1' } }],
    'any field, and Authorization': [
      '/wild/whoami?auth',
      { headers: { authorization: 'Basic eDp5' } },
    ],
    'any field, with credentials': ['/wild/whoami?creds', { ...include, headers: { 'x-b': '1' } }],
    'a preflight without OK': ['/unasked/whoami', { method: 'DELETE' }],
    'with Authorization': ['/any/whoami?basic', { headers: { authorization: 'Basic eDp5' } }],
    'a preflight of mine': ['/mine/whoami?delete', { ...include, method: 'DELETE' }],
    'a redirect on the port': ['/any/to?url=/any/whoami'],
    'a redirect to what is not allowed': ['/any/to?url=/none/whoami'],
    'a redirect that is not allowed': ['/none/to?url=/any/whoami'],
    'redirects refused': ['/any/to?url=/any/whoami', { redirect: 'error' }],
    'logged in': ['/mine/login', include],
    'who is logged in': ['/mine/whoami', include],
    'without credentials': ['/mine/whoami', { credentials: 'omit' }],
    'credentials as usual': ['/mine/whoami'],
  };
  for (const [name, [path, init]] of Object.entries(asked)) seen[name] = await ask(path, init);
  seen['cookies'] = document.cookie.split('; ').filter((pair) => pair.startsWith('api'));
  const far = `http://127.0.0.1:${apiPort}`;
  seen['by address'] = await ask('/any/whoami', {}, far);
  seen['by address, with credentials'] = await ask('/mine/whoami', include, far);
  seen['by address, not allowed'] = await ask('/none/whoami', {}, far);
  seen['a redirect of the app'] = await ask(
    `/to?url=${encodeURIComponent(`${api}/any/x`)}`,
    {},
    '',
  );

  const body = new Uint8Array(1024 * 1024).fill(7);
  seen['an upload'] = await ask('/any/hash', { method: 'POST', body });
  const abort = new AbortController();
  const slow = await fetch(`${api}/any/slow`, { signal: abort.signal });
  const first = await slow.body?.getReader().read();
  seen['a stream'] = new TextDecoder().decode(first?.value);
  abort.abort();

  const element = (tag: 'img' | 'script' | 'link', fields: object): Promise<string> =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(tag), fields);
      made.onload = () => resolve('load');
      made.onerror = () => resolve('error');
      document.head.append(made);
    });
  seen['an image'] = await element('img', { src: `${api}/none/pixel` });
  seen['an image with CORS'] = await element('img', {
    src: `${api}/none/pixel?c`,
    crossOrigin: '',
  });
  seen['an image of nobody else'] = await element('img', { src: `${api}/none/own-pixel` });
  seen['a script'] = [
    await element('script', { src: `${api}/none/script.js` }),
    (window as { fromScript?: string }).fromScript,
  ];
  seen['a style sheet'] = [
    await element('link', { rel: 'stylesheet', href: `${api}/none/style.css` }),
    getComputedStyle(document.querySelector('h1') ?? document.body).color,
  ];
  const load = async (path: string): Promise<unknown> => {
    try {
      return ((await import(api + path)) as { value: string }).value;
    } catch (error) {
      return (error as Error).name;
    }
  };
  seen['a module'] = [await load('/any/module.js'), await load('/none/module.js')];
  const xhr = (path: string, withCredentials: boolean): Promise<unknown> =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('GET', api + path);
      request.withCredentials = withCredentials;
      request.onload = () => resolve([request.status, request.responseText, request.responseURL]);
      request.onerror = () => resolve('error');
      request.send();
    });
  seen['XMLHttpRequest'] = [await xhr('/any/x', false), await xhr('/mine/whoami', true)];
  seen['XMLHttpRequest, not allowed'] = await xhr('/none/x', false);
  const stream = (path: string): Promise<string> =>
    new Promise((resolve) => {
      const source = new EventSource(api + path);
      const done = (text: string): void => {
        source.close();
        resolve(text);
      };
      source.onmessage = ({ data }) => done(String(data));
      source.onerror = () => done(`error ${source.readyState}`);
    });
  seen['an event source'] = [await stream('/any/events'), await stream('/none/events')];
  const greeting = (url: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.onmessage = ({ data }) => {
        socket.close();
        resolve(String(data).replace(/\d+$/, 'PORT'));
      };
      socket.onerror = () => resolve('error');
    });
  seen['a WebSocket'] = [
    await greeting(`${api.replace('http', 'ws')}/socket`),
    await greeting(`ws://127.0.0.1:${apiPort}/socket`),
  ];
  seen['a beacon'] = navigator.sendBeacon(`${api}/none/beacon`, 'bye');
  const plain = JSON.stringify(seen).replaceAll(api, `http://localhost:${apiPort}`);
  return JSON.parse(plain.replaceAll(location.origin, 'APP')) as typeof seen;
}
