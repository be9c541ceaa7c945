import { BoundedMap, isLinkId, SHIM_PATH } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { workerPrefix } from '../shared/service-worker-messages.js';

const TAB_PARAMETER = 'tab';
/** A directive counts only where it comes first, after white space and comments (ECMAScript, "directive prologue"). */
const STRICT =
  /^(?:\s|\/\/.*[\n\r\u2028\u2029]|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*(?:"use strict"|'use strict')/;

/** Puts the shim before the scripts of workers, so that their WebSockets go through the tunnel. */
export class WorkerScripts {
  readonly #modules = new BoundedMap<string, boolean>(SERVICE_WORKER_LIMITS.maxWorkerScripts);

  constructor(private readonly shim: () => Promise<string | undefined>) {}

  /** A page starts a worker from this URL. */
  announced(url: string, isModule: boolean): void {
    this.#modules.set(withoutFragment(url), isModule);
  }

  /** The response with the shim first; as it is when it is no worker's script, or the shim isn't there. */
  async prefix(request: Request, response: Response, tab: string): Promise<Response> {
    if (!startsWorker(request) || !response.ok || response.body === null) return response;
    const isModule = this.#modules.get(withoutFragment(request.url)) === true;
    // Imports run before the code above them, so the shim has to be an import, too. A policy may refuse that import.
    const mayImport = isModule && !response.headers.has('content-security-policy');
    const shim = await this.shim();
    if (shim === undefined) return response;
    const prefix = mayImport ? importOf(tab) : workerPrefix(shim, tab);
    const headers = new Headers(response.headers);
    headers.delete('content-length');
    return new Response(prepend(response.body, prefix), { status: response.status, headers });
  }

  /** The shim as a module worker imports it; undefined for any other request. */
  async imported({ url }: Request): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(url);
    const tab = searchParams.get(TAB_PARAMETER);
    if (pathname !== SHIM_PATH || tab === null || !isLinkId(tab)) return undefined;
    const shim = await this.shim();
    // A failed import would end the worker.
    const script = shim === undefined ? '' : workerPrefix(shim, tab);
    return new Response(script, { headers: { 'content-type': 'text/javascript' } });
  }
}

/** Whether this is a worker's own script. Its imports have another mode (HTML, "fetch a single module script"). */
function startsWorker({ destination, mode }: Request): boolean {
  return (destination === 'worker' || destination === 'sharedworker') && mode === 'same-origin';
}

function importOf(tab: string): string {
  return `import"${SHIM_PATH}?${TAB_PARAMETER}=${tab}";`;
}

function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, '');
}

function prepend(body: ReadableStream<Uint8Array>, prefix: string): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let isFirst = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (isFirst) controller.enqueue(firstBytes(prefix, value));
        isFirst = false;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function firstBytes(prefix: string, chunk: Uint8Array | undefined): Uint8Array {
  const isStrict = chunk !== undefined && STRICT.test(new TextDecoder().decode(chunk));
  return new TextEncoder().encode(isStrict ? `"use strict";${prefix}` : prefix);
}
