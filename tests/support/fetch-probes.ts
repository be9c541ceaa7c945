/**
 * What a page can see of HTTP, each probe a function that runs in the page. Through a session they
 * have to give what they give on localhost.
 */
export const FETCH_PROBES = {
  statuses: async () => {
    const codes = [
      200, 201, 202, 203, 204, 205, 207, 300, 304, 400, 401, 404, 410, 418, 422, 429, 451,
    ];
    const seen: unknown[] = [];
    for (const code of [...codes, 500, 502, 503, 599]) {
      const response = await fetch(`/status?code=${code}`);
      const { status, statusText, ok, type, redirected } = response;
      const own = response.headers.get('x-code');
      seen.push([status, statusText, ok, type, redirected, own, await response.text()]);
    }
    return seen;
  },
  methods: async () => {
    const seen: unknown[] = [];
    for (const method of [
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'PROPFIND',
      'MIX-ed',
    ]) {
      const body = ['GET', 'HEAD'].includes(method) ? null : `to ${method}`;
      const response = await fetch('/echo?m', { method, body });
      seen.push([method, response.status, await response.text()]);
    }
    return seen;
  },
  targets: async () => {
    const seen: unknown[] = [];
    const targets = [
      '/a%2Fb',
      '/a%20b?q=a+b&c=%26',
      '/ü/ß?ä',
      '/a/../b/./c',
      "/'()*!~",
      '/a//b//',
      '/?',
      '/%',
    ];
    for (const target of [...targets, `${location.origin}//double/slash?x=//y`]) {
      const { url } = (await (await fetch(target)).json().catch(() => ({}))) as { url?: string };
      seen.push(url);
    }
    return seen;
  },
  bodies: async () => {
    const form = new FormData();
    form.append('text', 'ä value');
    form.append('file', new File(['file content'], 'ü.txt', { type: 'text/x-file' }));
    const bodies: [string, BodyInit][] = [
      ['text', 'täxt'],
      ['empty', ''],
      ['params', new URLSearchParams({ a: '1', b: 'ä &' })],
      ['blob', new Blob(['blob'], { type: 'text/x-blob' })],
      ['bytes', new Uint8Array(300_000).fill(7)],
      ['long text', 'ä'.repeat(100_000)],
      ['long blob', new Blob(['x'.repeat(100_000)])],
    ];
    const seen: unknown[] = [];
    for (const [name, body] of bodies) {
      const response = await fetch('/echo', { method: 'POST', body });
      seen.push([name, await response.json()]);
    }
    const multipart = (await (await fetch('/echo', { method: 'POST', body: form })).json()) as {
      type: string;
    };
    const bytes = new ArrayBuffer(100_000);
    const request = new Request('/echo', { method: 'POST', body: bytes });
    for (const made of [request.clone(), request]) seen.push(await (await fetch(made)).json());
    return [...seen, multipart.type];
  },
  'repeated fields': async () => {
    const { headers } = await fetch('/repeated');
    return [headers.get('x-one'), headers.get('link')];
  },
  redirects: async () => {
    const seen: unknown[] = [];
    const relative = (url: string): string => url.replace(location.origin, '');
    for (const code of [301, 302, 303, 307, 308]) {
      for (const method of ['GET', 'POST']) {
        const body = method === 'POST' ? 'redirected body' : null;
        const to = encodeURIComponent('/redirect?code=302&to=%2Fecho%3Fdone');
        const response = await fetch(`/redirect?code=${code}&to=${to}`, { method, body });
        const { redirected, url, status } = response;
        seen.push([code, method, redirected, relative(url), status, await response.text()]);
      }
    }
    const manual = await fetch('/redirect?code=302', { redirect: 'manual' });
    const refused = await fetch('/redirect?code=302', { redirect: 'error' }).then(
      () => 'followed',
      () => 'refused',
    );
    const dotted = (await (
      await fetch('/deep/er/../../redirect?code=302&to=echo%3Frelative')
    ).json()) as { url: string };
    return [...seen, manual.type, manual.status, refused, dotted.url];
  },
  conditional: async () => {
    const first = await fetch('/cached', { cache: 'no-store' });
    const again = await fetch('/cached', { cache: 'no-cache' });
    const own = await fetch('/cached', { cache: 'no-store', headers: { 'if-none-match': '"v1"' } });
    const etags = [first, again, own].map(({ status, headers }) => [status, headers.get('etag')]);
    return [etags, await first.text(), await again.text(), await own.text()];
  },
  'modes of the cache': async () => {
    const seen: unknown[] = [];
    for (const cache of ['default', 'no-store', 'reload', 'no-cache', 'force-cache'] as const) {
      for (const headers of [{}, { 'cache-control': 'max-age=7' }]) {
        const response = await fetch(`/headers?${crypto.randomUUID()}`, { cache, headers });
        const sent = (await response.json()) as Record<string, string>;
        seen.push([cache, sent['cache-control'], sent['pragma']]);
      }
    }
    const unknown = await fetch('/headers?unknown', {
      ...{ cache: 'only-if-cached', mode: 'same-origin' },
    }).then(
      () => 'answered',
      (error: Error) => error.name,
    );
    return [...seen, unknown];
  },
  ranges: async () => {
    const seen: unknown[] = [];
    for (const range of ['bytes=0-9', 'bytes=4990-', 'bytes=-5', 'bytes=9999-']) {
      const response = await fetch('/media', { headers: { range }, cache: 'no-store' });
      const bytes = new Uint8Array(await response.arrayBuffer());
      seen.push([range, response.status, response.headers.get('content-range'), [...bytes]]);
    }
    return seen;
  },
  'content coding': async () => {
    const response = await fetch('/gzip', { cache: 'no-store' });
    const text = await response.text();
    return [response.headers.get('content-type'), text.length, text.slice(0, 14)];
  },
  'large heads': async () => {
    const response = await fetch('/large-head?bytes=15000');
    const request = await fetch('/headers', { headers: { 'x-large': 'y'.repeat(12_000) } });
    const { 'x-large': echoed } = (await request.json()) as Record<string, string>;
    const refused = await fetch('/headers', { headers: { 'x-large': 'y'.repeat(20_000) } });
    return [response.headers.get('x-large')?.length, echoed?.length, refused.status];
  },
  'interim answers': async () => (await fetch('/hints')).text(),
  'a body that breaks off is an error': async () => {
    const response = await fetch('/broken', { cache: 'no-store' });
    // Firefox has another name for it where a service worker answers.
    return response.text().then(
      () => 'complete',
      () => 'failed',
    );
  },
  'the events of an XMLHttpRequest that is cut, and of one that is given up': async () => {
    const types = ['loadstart', 'abort', 'error', 'timeout', 'load', 'loadend'] as const;
    const run = (begin: (request: XMLHttpRequest) => void): Promise<unknown[]> =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        const events: unknown[] = [];
        const note = ({ type }: Event): unknown => events.push(type);
        for (const type of types) request.addEventListener(type, note);
        request.onerror = request.onabort = ({ type, loaded, total }) =>
          events.push([type, loaded, total, request.readyState, request.status]);
        request.onloadend = () => resolve([...events, request.readyState]);
        begin(request);
      });
    const cut = (request: XMLHttpRequest): void => {
      request.open('GET', '/broken');
      request.send();
    };
    const givenUp = (request: XMLHttpRequest): void => {
      cut(request);
      request.abort();
    };
    return [await run(cut), await run(givenUp)];
  },
  'a streamed body': async () => {
    const response = await fetch('/steps?type=text/plain&text=zero');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    const seen = [await read()];
    for (const text of ['one', 'two', 'three']) {
      await fetch(`/steps?text=${text}`);
      seen.push(await read());
    }
    await fetch('/steps?end');
    return [...seen, (await reader.read()).done];
  },
  'server-sent events': async () => {
    const source = new EventSource('/steps?type=text/event-stream&text=:hello%0A%0A');
    await new Promise((resolve) => (source.onopen = resolve));
    const seen: unknown[] = [];
    for (const text of ['id:1\ndata:one\n\n', 'event:named\ndata:two\ndata:lines\n\n']) {
      const event = new Promise<MessageEvent<string>>((resolve) => {
        source.onmessage = resolve;
        source.addEventListener('named', resolve as EventListener);
      });
      await fetch(`/steps?text=${encodeURIComponent(text)}`);
      const { type, data, lastEventId } = await event;
      seen.push([type, data, lastEventId]);
    }
    source.close();
    return seen;
  },
  XMLHttpRequest: () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('POST', '/repeated');
      request.onload = () => {
        const names = request
          .getAllResponseHeaders()
          .split('\r\n')
          .map((line) => line.split(':')[0] ?? '');
        const own = names.filter((name) => ['x-one', 'link'].includes(name));
        resolve([request.status, request.statusText, own, request.responseText]);
      };
      request.send('xhr');
    }),
  'a long body of an XMLHttpRequest': () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('PUT', '/echo');
      request.onload = () => resolve(request.responseText);
      request.send('x'.repeat(100_000));
    }),
  'synchronous XMLHttpRequest': () => {
    const request = new XMLHttpRequest();
    request.open('POST', '/echo', false);
    request.send('sync');
    return Promise.resolve(request.responseText);
  },
  'an aborted fetch': async () => {
    const abort = new AbortController();
    const pending = fetch('/never', { signal: abort.signal }).then((response) => response.text());
    setTimeout(() => abort.abort(), 50);
    return pending.then(
      () => 'complete',
      (error: Error) => error.name,
    );
  },
} satisfies Record<string, () => Promise<unknown>>;
