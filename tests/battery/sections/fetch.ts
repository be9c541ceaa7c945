/** Fetch section 5.6, "fetch method": methods, statuses, bodies. */
export function fetchMethod(): Record<string, () => unknown> {
  const assertions: Record<string, () => unknown> = {
    'a relative URL': async () => (await fetch('text')).url,
    'a URL object': async () => (await fetch(new URL('/text', location.href))).text(),
    'a fragment stays with the answer': async () => (await fetch('/text#part')).url,
    'a URL with credentials': () => fetch('http://user:pass@localhost/'),
    'an invalid URL': () => fetch('http://['),
    'an unknown scheme': () => fetch('unknown:x'),
    'a data URL': async () => (await fetch('data:text/plain,hi')).text(),
    'a blob URL': async () => (await fetch(URL.createObjectURL(new Blob(['hi'])))).text(),
    'GET with a body': () => fetch('/echo', { body: 'x' }),
    'a forbidden method': () => fetch('/echo', { method: 'TRACE' }),
    'a method that is no token': () => fetch('/echo', { method: 'a b' }),
    'a method in lower case': async () =>
      (await fetch('/echo', { method: 'post' })).headers.get('x-method'),
    'patch in lower case': async () =>
      (await fetch('/echo', { method: 'patch' })).headers.get('x-method'),
    'an answer that is not there': async () => (await fetch('/missing')).status,
    'an answer that is cut': async () => {
      const answer = await fetch('/cut');
      await fetch('/cut-now');
      return answer.text();
    },
    'a connection that is reset': () => fetch('/reset'),
    'a body read twice': async () => {
      const answer = await fetch('/text');
      await answer.text();
      return answer.text();
    },
    'clone gives both bodies': async () => {
      const answer = await fetch('/text');
      const copy = answer.clone();
      return [await answer.text(), await copy.text()];
    },
    'the type of the answer': async () => (await fetch('/text')).type,
    'a no-cors answer': async () => (await fetch('/text', { mode: 'no-cors' })).type,
    'a same-origin answer': async () => (await fetch('/text', { mode: 'same-origin' })).status,
    'navigate is no mode for scripts': () => fetch('/text', { mode: 'navigate' }),
    json: async () => (await (await fetch('/json')).json()) as unknown,
    'broken json': async () => (await (await fetch('/text')).json()) as unknown,
    bytes: async () => (await (await fetch('/text')).arrayBuffer()).byteLength,
    blob: async () => {
      const { size, type } = await (await fetch('/text')).blob();
      return [size, type];
    },
    'text is always UTF-8': async () => (await fetch('/latin1')).text(),
    'an empty body': async () => (await fetch('/empty')).text(),
    'an empty body is one all the same': async () => (await fetch('/empty')).body === null,
    'HEAD has no body': async () => (await fetch('/text', { method: 'HEAD' })).text(),
    'a subresource integrity that fits': async () =>
      (await fetch('/empty', { integrity: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' }))
        .ok,
    'a subresource integrity that does not fit': () => fetch('/text', { integrity: 'sha256-AAAA' }),
    keepalive: async () => (await fetch('/text', { keepalive: true })).status,
    priority: async () => (await fetch('/text', { priority: 'low' })).status,
  };
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY']) {
    assertions[`the method ${method}`] = async () =>
      (await fetch('/echo', { method })).headers.get('x-method');
  }
  for (const code of [200, 201, 204, 205, 299, 400, 401, 403, 404, 410, 418, 429, 500, 503]) {
    assertions[`the status ${code}`] = async () => {
      const { status, statusText, ok, headers } = await fetch(`/status?code=${code}`);
      return [status, statusText, ok, headers.get('x-code')];
    };
  }
  return assertions;
}

/** Fetch section 2.2.5, "bodies", and section 5.2, "BodyInit unions". */
export function requestBodies(): Record<string, () => unknown> {
  const post = async (body: BodyInit): Promise<unknown> => {
    const { headers } = await fetch('/echo', { method: 'POST', body });
    const type = headers.get('x-type')?.replace(/boundary=.*/, 'boundary');
    return [type, headers.get('x-length')?.length];
  };
  const echoed = async (body: BodyInit): Promise<string> =>
    (await fetch('/echo', { method: 'POST', body })).text();
  const form = (): FormData => {
    const data = new FormData();
    data.append('a', 'é');
    data.append('f', new File(['content'], 'näme.txt', { type: 'text/x-own' }));
    return data;
  };
  return {
    'a string': () => post('é'),
    'a string comes back': () => echoed('é\r\n\0'),
    'a blob': () => post(new Blob(['x'], { type: 'text/x-own' })),
    'a blob without a type': () => post(new Blob(['x'])),
    'an ArrayBuffer': () => post(new Uint8Array([1, 2]).buffer),
    'a view': () => echoed(new Uint8Array([0x61, 0x62, 0x63]).subarray(1)),
    URLSearchParams: () => post(new URLSearchParams({ a: 'é ' })),
    'URLSearchParams come back': () => echoed(new URLSearchParams({ a: 'é &=' })),
    'a form': () => post(form()),
    'a form comes back': async () =>
      (await echoed(form())).replace(/-{2,}\w+/g, 'BOUNDARY').replace(/\r\n/g, '|'),
    'an empty body': () => post(''),
    'a body of 200 KiB': async () => (await echoed('x'.repeat(200 * 1024))).length,
    'a Request as input': async () => {
      const request = new Request('/echo', { method: 'PUT', body: 'from a request' });
      return (await fetch(request)).text();
    },
    'a Request is used up': async () => {
      const request = new Request('/echo', { method: 'POST', body: 'x' });
      await fetch(request);
      return request.bodyUsed;
    },
    'a Request with init on top': async () => {
      const request = new Request('/echo', { method: 'POST', body: 'x' });
      return (await fetch(request, { method: 'PUT', body: 'y' })).headers.get('x-method');
    },
  };
}

/** Fetch section 4, "fetching": fields, redirects, the cache, aborts. */
export function fetching(): Record<string, () => unknown> {
  const fields = async (init?: RequestInit): Promise<Record<string, unknown>> =>
    (await (await fetch('/fields', init)).json()) as Record<string, unknown>;
  const redirect = (code: number, to: string, init?: RequestInit): Promise<Response> =>
    fetch(`/redirect?code=${code}&to=${encodeURIComponent(to)}`, init);
  const assertions: Record<string, () => unknown> = {
    'fields of a plain request': () => fields(),
    'fields of a POST': () => fields({ method: 'POST' }),
    'an own field': async () => (await fields({ headers: { 'x-own': 'a, b' } }))['x-own'],
    'an own Accept': async () => (await fields({ headers: { accept: 'x/y' } }))['accept'],
    'a forbidden field is left out': async () =>
      (await fields({ headers: { referer: 'http://other/', origin: 'http://other' } }))['origin'],
    'no referrer': async () => (await fields({ referrerPolicy: 'no-referrer' }))['referer'],
    'an own referrer': async () => (await fields({ referrer: '/other' }))['referer'],
    'the origin as referrer': async () => (await fields({ referrerPolicy: 'origin' }))['referer'],
    'an answer’s fields': async () => {
      const { headers } = await fetch('/answer-fields');
      return ['x-one', 'x-empty', 'x-spaces', 'link', 'none'].map((name) => headers.get(name));
    },
    'a range': async () => {
      const answer = await fetch('/ranges', { headers: { range: 'bytes=2-4' } });
      return [answer.status, answer.headers.get('content-range'), await answer.text()];
    },
    'redirects that are errors': () => redirect(302, '/text', { redirect: 'error' }),
    'redirects by hand': async () => {
      const { type, status, url } = await redirect(302, '/text', { redirect: 'manual' });
      return [type, status, url.includes('/redirect')];
    },
    'a redirect without a place': async () => {
      const answer = await redirect(302, '');
      return [answer.status, answer.redirected, await answer.text()];
    },
    'a redirect in a circle': () => redirect(302, '/redirect?to=/redirect'),
    'a redirect to data': () => redirect(302, 'data:,x'),
    'an abort before': () => fetch('/never', { signal: AbortSignal.abort() }),
    'an abort with a reason': () => {
      const reason = new RangeError('mine');
      return fetch('/never', { signal: AbortSignal.abort(reason) });
    },
    'an abort later': () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30);
      return fetch('/never', { signal: controller.signal });
    },
    'a timeout': () => fetch('/never', { signal: AbortSignal.timeout(30) }),
    'an abort within the body': async () => {
      const controller = new AbortController();
      const answer = await fetch('/chunks', { signal: controller.signal });
      controller.abort();
      return answer.text();
    },
  };
  for (const cache of ['no-store', 'reload', 'no-cache', 'force-cache'] as const) {
    assertions[`the cache mode ${cache}`] = async () => {
      const { 'cache-control': control, pragma } = await fields({ cache });
      return [control, pragma];
    };
  }
  for (const code of [301, 302, 303, 307, 308]) {
    assertions[`a redirect with ${code}`] = async () => {
      const { redirected, url, status } = await redirect(code, '/text?x#y');
      return [redirected, url, status];
    };
    assertions[`a POST redirected with ${code}`] = async () => {
      const answer = await redirect(code, '/echo', { method: 'POST', body: 'sent' });
      return [answer.headers.get('x-method'), await answer.text()];
    };
  }
  return assertions;
}
