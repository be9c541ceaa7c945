import { afterAll, afterEach, beforeEach, jest } from '@jest/globals';
import { Window as DomWindow } from 'happy-dom';
import { render, type ComponentChild } from 'preact';
import { act } from 'preact/test-utils';
import type { ExchangeDetail, ExchangeSummary } from '../../src/api/index.js';

/** What the page's code finds without naming its window; what is in sight of a list is its height. */
const GLOBALS = [
  ...[
    'window',
    'document',
    'navigator',
    'Element',
    'HTMLElement',
    'HTMLInputElement',
    'Event',
    'CustomEvent',
  ],
  ...['KeyboardEvent', 'MouseEvent', 'getComputedStyle', 'addEventListener', 'dispatchEvent'],
  ...['removeEventListener', 'requestAnimationFrame', 'cancelAnimationFrame', 'matchMedia'],
  ...['ResizeObserver', 'devicePixelRatio'],
];
const SIGHT_PX = 280;
const TOKEN = 'the-token';
const FRAME_MS = 16;
const ROUNDS = 4;

const named = new Set<string>();
const dom = new DomWindow({ url: 'http://localhost:4040/' });
const bound = new Set([
  'getComputedStyle',
  'matchMedia',
  'requestAnimationFrame',
  'addEventListener',
]);
for (const name of ['removeEventListener', 'dispatchEvent', 'cancelAnimationFrame'])
  bound.add(name);
for (const name of GLOBALS) {
  const value: unknown = Reflect.get(dom, name);
  const isBound = bound.has(name) && typeof value === 'function';
  setGlobal(name, isBound ? (value.bind(dom) as unknown) : value);
}
for (const name of ['offsetHeight', 'clientHeight', 'offsetWidth', 'clientWidth'])
  Object.defineProperty(dom.HTMLElement.prototype, name, { get: () => SIGHT_PX });
// A canvas that takes whatever is drawn.
const pencil: object = new Proxy(
  {},
  {
    get: (_, name) => (name === 'measureText' ? () => ({ width: 5 }) : () => pencil),
    set: () => true,
  },
);
dom.HTMLCanvasElement.prototype.getContext = (() => pencil) as never;
setGlobal(
  'Path2D',
  class {
    constructor() {
      return pencil;
    }
  },
);

/** What the page has asked of the host. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A stream that the page reads: what the host tells it, and how it breaks. */
export class Feed {
  readonly #body = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1_000 });
  readonly #writer = this.#body.writable.getWriter();
  isLeft = false;

  response(signal: AbortSignal | null | undefined): Response {
    signal?.addEventListener('abort', () => {
      this.isLeft = true;
      this.cut();
    });
    return new Response(this.#body.readable);
  }

  /** Bytes as they come, which may end anywhere. */
  async bytes(text: string): Promise<void> {
    await act(async () => {
      await this.#writer.write(Buffer.from(text, 'latin1'));
      await settled();
    });
    await act(settled);
  }

  tell(...events: readonly object[]): Promise<void> {
    const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
    return this.bytes(Buffer.from(text).toString('latin1'));
  }

  cut(): void {
    void this.#writer.abort(new Error('cut')).catch(() => undefined);
  }
}

type Answer = string | object | Feed | Error | (() => Response | Promise<Response>);

/** A host that answers as it was told; what nobody has told it of is 404. */
class FakeHost {
  readonly asked: Asked[] = [];
  readonly #answers = new Map<string, Answer>();

  answer(path: string, answer: Answer): this {
    this.#answers.set(path, answer);
    return this;
  }

  /** The paths asked for, with their methods where these aren't GET. */
  get paths(): string[] {
    return this.asked.map(({ method, path }) => (method === 'GET' ? path : `${method} ${path}`));
  }

  fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const path = url.replace('/api/', '');
    const { method = 'GET', body } = init;
    const headers = init.headers as Record<string, string>;
    this.asked.push({ method, path, headers, body: body as string | undefined });
    const answer = this.#answers.get(path);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer instanceof Feed) return Promise.resolve(answer.response(init.signal));
    if (typeof answer === 'function')
      return Promise.resolve((answer as () => Response | Promise<Response>)());
    if (answer === undefined) return Promise.resolve(new Response('Not kept.\n', { status: 404 }));
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    return Promise.resolve(new Response(text));
  }
}

/** A page for each test of the file, with its host. */
export function usePage() {
  const page = { host: new FakeHost(), root: undefined as unknown as HTMLElement };
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    setGlobal('requestAnimationFrame', (run: () => void) => setTimeout(run, FRAME_MS));
    page.host = new FakeHost();
    setGlobal('fetch', (url: string, init?: RequestInit) => page.host.fetch(url, init));
    document.body.innerHTML = `<meta name="wingman-token" content="${TOKEN}"><div id="inspector"></div>`;
    page.root = document.getElementById('inspector') as HTMLElement;
  });
  afterEach(async () => {
    await act(() => render(null, page.root));
    jest.useRealTimers();
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await dom.happyDOM.close();
    for (const name of named) Reflect.deleteProperty(globalThis, name);
  });
  return page;
}

/** Draws and waits until what it has asked for is shown. */
export function show(root: HTMLElement, node: ComponentChild): Promise<void> {
  return doing(() => render(node, root));
}

/** Does something to the page and waits likewise: an answer may lead to the next question. */
export async function doing(action: () => unknown): Promise<void> {
  await act(() => void action());
  for (let round = 0; round < ROUNDS; round++) await act(settled);
}

/** Promises, pieces of streams and frames that are due. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  await jest.advanceTimersByTimeAsync(FRAME_MS);
}

export function click(element: Element): Promise<void> {
  return doing(() => (element as HTMLElement).click());
}

export function press(target: Element, key: string, more: object = {}): Promise<boolean> {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  return doing(() => target.dispatchEvent(event)).then(() => event.defaultPrevented);
}

export function type(element: Element, value: string): Promise<void> {
  (element as HTMLInputElement).value = value;
  return doing(() => element.dispatchEvent(new Event('input', { bubbles: true })));
}

/** The button with that text. */
export function button(root: ParentNode, text: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find((one) => one.textContent === text);
  if (found === undefined) throw new Error(`there is no button ${text}`);
  return found;
}

export const textOf = (root: ParentNode, selector: string): string | undefined =>
  root.querySelector(selector)?.textContent?.replace(/\s+/g, ' ').trim();

export const textsOf = (root: ParentNode, selector: string): string[] =>
  [...root.querySelectorAll(selector)].map((one) => one.textContent ?? '');

export function setGlobal(name: string, value: unknown): void {
  named.add(name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

export const summaryOf = (fields: Partial<ExchangeSummary> = {}): ExchangeSummary => ({
  ...{
    id: 1,
    kind: 'http',
    method: 'GET',
    target: '/',
    port: 3000,
    path: 'relay',
    viewer: 'abcdefgh',
  },
  ...{ startedAt: 0, upload: 0, download: 0, outcome: 'complete', status: 200 },
  ...fields,
});

const NO_BODY = { bytes: 0, kept: 0, isComplete: true };

export const detailOf = (fields: Partial<ExchangeDetail> = {}): ExchangeDetail => ({
  ...summaryOf(fields),
  ...{ asked: [], sent: [], answer: [], statusText: 'OK', paths: ['relay'], phases: [] },
  ...{ requestBody: NO_BODY, responseBody: NO_BODY, droppedMessages: 0, hasSecrets: false },
  ...fields,
});
