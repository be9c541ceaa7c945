/** Streams section 4, readable streams, where an answer's body is one. */
export function streams(): Record<string, () => unknown> {
  const body = async (path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> => {
    const { body: found } = await fetch(path);
    if (found === null) throw new RangeError('no body');
    return found;
  };
  return {
    'is a ReadableStream': async () => (await body('/text')) instanceof ReadableStream,
    'gives bytes': async () =>
      (await (await body('/text')).getReader().read()).value instanceof Uint8Array,
    'is locked by a reader': async () => {
      const stream = await body('/text');
      stream.getReader();
      return stream.locked;
    },
    'a second reader': async () => {
      const stream = await body('/text');
      stream.getReader();
      return stream.getReader();
    },
    'comes in order': async () => {
      const reader = (await body('/chunks')).pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let part = await reader.read(); !part.done; part = await reader.read())
        text += part.value;
      return text;
    },
    'tee gives both': async () => {
      const [one, two] = (await body('/chunks')).tee();
      return [await new Response(one).text(), await new Response(two).text()];
    },
    'cancel resolves': async () => (await body('/chunks')).cancel('enough'),
    'an answer whose body was cancelled': async () => {
      const answer = await fetch('/chunks');
      await answer.body?.cancel();
      return answer.bodyUsed;
    },
    'a cut body is an error': async () => {
      const reader = (await body('/cut')).getReader();
      await reader.read();
      await fetch('/cut-now');
      while (!(await reader.read()).done);
    },
    'pipes on': async () => {
      let bytes = 0;
      await (
        await body('/chunks')
      ).pipeTo(new WritableStream({ write: (chunk) => void (bytes += chunk.byteLength) }));
      return bytes;
    },
    'is transferred': async () => {
      const { port1, port2 } = new MessageChannel();
      const stream = await body('/text');
      port1.postMessage(stream, [stream]);
      const got = await new Promise<ReadableStream>((resolve) => {
        port2.onmessage = ({ data }) => resolve(data as ReadableStream);
      });
      return new Response(got).text();
    },
    'is compressed and back': async () => {
      const packed = (await body('/text')).pipeThrough(new CompressionStream('gzip'));
      return new Response(packed.pipeThrough(new DecompressionStream('gzip'))).text();
    },
    'a bring-your-own-buffer reader': async () => {
      const reader = (await body('/text')).getReader({ mode: 'byob' });
      return (await reader.read(new Uint8Array(4))).value?.byteLength;
    },
  };
}

/** HTML section 9.2, "server-sent events". */
export function eventStreams(): Record<string, () => unknown> {
  const heard = <T>(run: (source: EventSource, resolve: (value: T) => void) => void): Promise<T> =>
    new Promise((resolve) => {
      const source = new EventSource('/events');
      run(source, (value) => {
        source.close();
        resolve(value);
      });
    });
  return {
    'data of two lines': () =>
      heard((source, resolve) => (source.onmessage = ({ data }) => resolve(data))),
    'its id': () =>
      heard((source, resolve) => (source.onmessage = ({ lastEventId }) => resolve(lastEventId))),
    'its origin': () =>
      heard((source, resolve) => (source.onmessage = ({ origin }) => resolve(origin))),
    'a named event': () =>
      heard((source, resolve) => source.addEventListener('named', ({ data }) => resolve(data))),
    'is open': () => heard((source, resolve) => (source.onopen = () => resolve(source.readyState))),
    'its URL': () => heard((source, resolve) => (source.onopen = () => resolve(source.url))),
    'connects at first': () => heard((source, resolve) => resolve(source.readyState)),
    'another type ends it': () =>
      new Promise((resolve) => {
        const source = new EventSource('/text');
        source.onerror = () => resolve(source.readyState);
      }),
    'a status ends it': () =>
      new Promise((resolve) => {
        const source = new EventSource('/status?code=500');
        source.onerror = () => resolve(source.readyState);
      }),
    'an invalid URL': () => new EventSource('http://['),
    'with credentials': () => {
      const source = new EventSource('/events', { withCredentials: true });
      source.close();
      return [source.withCredentials, source.readyState];
    },
  };
}
