/** WebSockets standard, section 3, "the WebSocket interface". */
export function webSockets(): Record<string, () => unknown> {
  const open = (protocols?: string | string[]): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket('/socket', protocols);
      socket.onopen = () => resolve(socket);
      socket.onerror = () => reject(new RangeError('not open'));
    });
  const closed = (socket: WebSocket): Promise<unknown> =>
    new Promise((resolve) => {
      socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
    });
  const echoed = async (data: string | Blob | BufferSource, type: BinaryType = 'arraybuffer') => {
    const socket = await open();
    socket.binaryType = type;
    socket.send(data);
    const { data: answer } = await new Promise<MessageEvent<unknown>>(
      (resolve) => (socket.onmessage = resolve),
    );
    socket.close();
    if (answer instanceof ArrayBuffer) return [...new Uint8Array(answer)];
    return answer instanceof Blob ? ['blob', answer.size, answer.type] : answer;
  };
  const made = (url: string, protocols?: string | string[]): string => {
    const socket = new WebSocket(url, protocols);
    socket.close();
    return socket.url.replace(/^\w+:\/\/[^/]+/, '');
  };
  return {
    text: () => echoed('é \ufeff \ud83d\ude00'),
    'text with a byte order mark first': () => echoed('\ufefftext'),
    'a lone surrogate': () => echoed('a\ud800b'),
    'an empty text': () => echoed(''),
    bytes: () => echoed(new Uint8Array([0, 255])),
    'a view': () => echoed(new Uint8Array([1, 2, 3]).subarray(1)),
    'a blob': () => echoed(new Blob(['ab']), 'blob'),
    'a relative URL': () => made('/socket?x'),
    'an invalid URL': () => made('http://['),
    'another scheme': () => made('ftp://localhost/'),
    'a fragment': () => made('/socket#x'),
    'a protocol that is no token': () => made('/socket', 'a b'),
    'a protocol twice': () => made('/socket', ['a', 'a']),
    'a protocol': async () => {
      const socket = await open(['one', 'two']);
      socket.close();
      return socket.protocol;
    },
    'is open': async () => {
      const { readyState, bufferedAmount, extensions, binaryType } = await open();
      return [readyState, bufferedAmount, typeof extensions, binaryType];
    },
    'the server closes': async () => {
      const socket = await open();
      const end = closed(socket);
      socket.send('close 4001 why');
      return end;
    },
    'the page closes': async () => {
      const socket = await open();
      const end = closed(socket);
      socket.close(3000, 'bye');
      return [socket.readyState, await end];
    },
    'the page closes without a code': async () => {
      const socket = await open();
      const end = closed(socket);
      socket.close();
      return end;
    },
    'the connection is cut': async () => {
      const socket = await open();
      const end = closed(socket);
      socket.send('cut');
      return end;
    },
    'a code that is reserved': async () => (await open()).close(1001),
    'a reason that is too long': async () => (await open()).close(3000, 'x'.repeat(124)),
    'send before it is open': () => new WebSocket('/socket').send('x'),
    'send after the end': async () => {
      const socket = await open();
      socket.close();
      socket.send('x');
      return socket.bufferedAmount;
    },
    'a path that takes none': () => {
      const socket = new WebSocket('/status?code=404');
      const errors: string[] = [];
      socket.onerror = () => errors.push('error');
      return closed(socket).then((end) => [errors, end]);
    },
    constants: () => [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED],
  };
}
