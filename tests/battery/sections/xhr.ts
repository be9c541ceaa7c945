/** XMLHttpRequest section 3: states, events, responses. */
export function xmlHttpRequest(): Record<string, () => unknown> {
  const TYPES = ['loadstart', 'load', 'loadend', 'error', 'abort', 'timeout'];
  interface Sent {
    method?: string;
    body?: XMLHttpRequestBodyInit;
    prepare?: (xhr: XMLHttpRequest) => void;
  }
  const send = (url: string, { method = 'GET', body, prepare }: Sent = {}) => {
    const xhr = new XMLHttpRequest();
    const events: string[] = [];
    for (const type of TYPES) xhr.addEventListener(type, () => events.push(type));
    xhr.addEventListener('readystatechange', () => {
      if (events.at(-1) !== `state ${xhr.readyState}`) events.push(`state ${xhr.readyState}`);
    });
    xhr.open(method, url);
    prepare?.(xhr);
    xhr.send(body);
    return new Promise<{ xhr: XMLHttpRequest; events: string[] }>((resolve) => {
      xhr.addEventListener('loadend', () => setTimeout(() => resolve({ xhr, events })));
    });
  };
  const response = async (type: XMLHttpRequestResponseType, url: string): Promise<unknown> => {
    const { xhr } = await send(url, { prepare: (one) => (one.responseType = type) });
    const { response } = xhr as { response: unknown };
    if (response instanceof ArrayBuffer) return `bytes ${response.byteLength}`;
    if (response instanceof Blob) return `blob ${response.size} ${response.type}`;
    return response instanceof Document ? response.title : response;
  };
  const uploaded = async (body: XMLHttpRequestBodyInit): Promise<unknown> => {
    const events: string[] = [];
    await send('/echo', {
      ...{ method: 'POST', body },
      prepare: ({ upload }) => {
        for (const type of [...TYPES, 'progress']) {
          upload.addEventListener(type, (event) => {
            const { loaded, total } = event as ProgressEvent;
            events.push(`${type} ${type === 'loadstart' ? 0 : loaded === total}`);
          });
        }
      },
    });
    return [...new Set(events)];
  };
  const fresh = (): XMLHttpRequest => new XMLHttpRequest();
  return {
    'events of a request': async () => (await send('/text')).events,
    'events of one that is reset': async () => (await send('/reset')).events,
    'events of one that is cut': async () => {
      const prepare = (xhr: XMLHttpRequest): void =>
        xhr.addEventListener('progress', () => void fetch('/cut-now'), { once: true });
      return (await send('/cut', { prepare })).events;
    },
    'events of one that is aborted': async () => {
      const prepare = (xhr: XMLHttpRequest): void => void setTimeout(() => xhr.abort(), 30);
      return (await send('/never', { prepare })).events;
    },
    'events of one that takes too long': async () =>
      (await send('/never', { prepare: (xhr) => (xhr.timeout = 30) })).events,
    'the status of one that is reset': async () => (await send('/reset')).xhr.status,
    'status and its text': async () => {
      const { xhr } = await send('/status?code=404');
      return [xhr.status, xhr.statusText];
    },
    'the URL of the answer': async () => (await send('/redirect?to=/text#x')).xhr.responseURL,
    'a field of the answer': async () =>
      (await send('/answer-fields')).xhr.getResponseHeader('X-One'),
    'a field that is not there': async () => (await send('/text')).xhr.getResponseHeader('x'),
    'all fields of the answer': async () => {
      const all = (await send('/answer-fields')).xhr.getAllResponseHeaders();
      return all.split('\r\n').filter((line) => /^x-|^link/.test(line));
    },
    'text in another charset': async () => (await send('/latin1')).xhr.responseText,
    'an overridden type': async () => {
      const prepare = (xhr: XMLHttpRequest): void =>
        xhr.overrideMimeType('text/plain; charset=iso-8859-1');
      return (await send('/text', { prepare })).xhr.responseText;
    },
    'as text': () => response('text', '/text'),
    'as json': () => response('json', '/json'),
    'as broken json': () => response('json', '/text'),
    'as bytes': () => response('arraybuffer', '/text'),
    'as a blob': () => response('blob', '/text'),
    'as a document': () => response('document', '/frame'),
    'an own field': async () => {
      const prepare = (xhr: XMLHttpRequest): void => {
        xhr.setRequestHeader('x-own', 'a');
        xhr.setRequestHeader('x-own', 'b');
      };
      const { xhr } = await send('/fields', { prepare });
      return (JSON.parse(xhr.responseText) as Record<string, unknown>)['x-own'];
    },
    'all fields of a request': async () =>
      JSON.parse((await send('/fields')).xhr.responseText) as unknown,
    'upload events': () => uploaded('x'.repeat(100_000)),
    'upload events of nothing': () => uploaded(''),
    'upload events of a form': () => uploaded(new FormData()),
    'what comes back': async () => {
      const { xhr } = await send('/echo', { method: 'PUT', body: 'é' });
      return [xhr.responseText, xhr.getResponseHeader('x-type')];
    },
    'a progress event': async () => {
      const seen: unknown[] = [];
      const prepare = (xhr: XMLHttpRequest): void => {
        xhr.onprogress = ({ loaded, lengthComputable }) => seen.push([loaded, lengthComputable]);
      };
      await send('/chunks', { prepare });
      return seen.at(-1);
    },
    'used twice': async () => {
      const { xhr } = await send('/text');
      xhr.open('GET', '/json');
      xhr.send();
      await new Promise((resolve) => (xhr.onload = resolve));
      return xhr.responseText;
    },
    'send without open': () => fresh().send(),
    'a field without open': () => fresh().setRequestHeader('a', 'b'),
    'an invalid URL': () => fresh().open('GET', 'http://['),
    'a forbidden method': () => fresh().open('TRACE', '/'),
    'a method that is no token': () => fresh().open('a b', '/'),
    'the text of a request that is not open': () => fresh().responseText,
    'the upload is always the same': () => {
      const xhr = fresh();
      return xhr.upload === xhr.upload && xhr.upload instanceof XMLHttpRequestUpload;
    },
    'the states as constants': () => [XMLHttpRequest.UNSENT, fresh().DONE, fresh().readyState],
    subclasses: () => {
      class Own extends XMLHttpRequest {}
      return [new Own() instanceof Own, new Own() instanceof XMLHttpRequest];
    },
  };
}
