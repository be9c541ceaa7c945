/** HTML section 10, "web workers": what scripts find in workers of every kind. */
export function workers(): Record<string, () => unknown> {
  const blob = (): string => {
    const code = `onmessage = async ({ data }) => { try { postMessage(await eval(data)) } catch (error) { postMessage('throws ' + error.name) } }`;
    return URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  };
  const ask = (worker: Worker, code: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data);
      };
      worker.onerror = () => reject(new RangeError('the worker failed'));
      worker.postMessage(code);
    });
  const askShared = (code: string): Promise<unknown> =>
    new Promise((resolve) => {
      const { port } = new SharedWorker('/worker.js', 'battery');
      port.onmessage = ({ data }) => resolve(data);
      port.postMessage(code);
    });
  const questions: Record<string, string> = {
    'its address': 'location.href.replace(/^blob:.*/, "blob")',
    'its origin': 'origin',
    'its scope': 'self.constructor.name',
    'a request': 'fetch(new URL("/text", origin)).then((answer) => answer.text())',
    'a request by XMLHttpRequest': `new Promise((resolve) => {
      const xhr = new XMLHttpRequest(); xhr.open('GET', origin + '/text');
      xhr.onload = () => resolve(xhr.responseText); xhr.send(); })`,
    'a socket': `new Promise((resolve) => { const socket = new WebSocket(origin.replace('http', 'ws') + '/socket');
      socket.onopen = () => socket.send('é'); socket.onmessage = ({ data }) => { socket.close(); resolve(data); }; })`,
    'an event stream': `new Promise((resolve) => { const source = new EventSource(origin + '/events');
      source.onmessage = ({ data }) => { source.close(); resolve(data); }; })`,
    'its globals': `[typeof Worker, typeof caches, typeof indexedDB, typeof localStorage, isSecureContext]`,
    'an import': 'import("/module.js").then(({ value }) => value)',
    'what it shows of us':
      'Object.getOwnPropertyNames(self).filter((name) => /wingman/i.test(name))',
  };
  const assertions: Record<string, () => unknown> = {
    'a script that is not there': () =>
      new Promise((resolve) => {
        const worker = new Worker('/missing.js');
        worker.onerror = ({ type, message }) => resolve([type, message === undefined]);
      }),
    'a script that throws': () =>
      new Promise((resolve) => {
        const worker = new Worker('/throws.js');
        worker.onerror = ({ message, filename, lineno }) => resolve([message, filename, lineno]);
      }),
    'an invalid URL': () => new Worker('http://['),
    'a module worker': () => ask(new Worker('/worker.js', { type: 'module' }), '1 + 1'),
    'a name': () => ask(new Worker('/worker.js', { name: 'own' }), 'name'),
    importScripts: () =>
      ask(new Worker('/worker.js'), 'importScripts("/script.js"), self.scriptHasRun'),
    'a buffer that is transferred': () => {
      const worker = new Worker('/worker.js');
      const buffer = new ArrayBuffer(8);
      worker.postMessage(buffer, [buffer]);
      worker.terminate();
      return buffer.byteLength;
    },
    'a worklet': async () => typeof CSS.supports,
    subclasses: () => {
      class Own extends Worker {}
      const worker = new Own('/worker.js');
      worker.terminate();
      return [worker instanceof Own, worker instanceof Worker];
    },
    'a shared worker keeps its state': async () => {
      await askShared('globalThis.kept = 5');
      return askShared('globalThis.kept');
    },
  };
  for (const [name, code] of Object.entries(questions)) {
    assertions[`dedicated: ${name}`] = () => ask(new Worker('/worker.js'), code);
    assertions[`of a blob: ${name}`] = () => ask(new Worker(blob()), code);
    assertions[`shared: ${name}`] = () => askShared(code);
  }
  return assertions;
}
