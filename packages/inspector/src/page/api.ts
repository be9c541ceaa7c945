import { createParser } from 'eventsource-parser';
import { TOKEN_FIELD } from '../api/index.js';

/** Between two tries to reach a host that has gone. */
const RECONNECT_MS = 1_000;

/** Asks the host. Rejects with an Error whose message is the host's own words. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, [TOKEN_FIELD]: tokenOf(document) };
  const response = await fetch(`/api/${path}`, { ...init, headers });
  if (!response.ok) throw new Error((await response.text()).trim());
  return response;
}

/** Asks for JSON. The shape is what `api/index.ts` says of that path: page and host are of one version. */
export async function askFor<Shape>(path: string): Promise<Shape> {
  return (await (await ask(path)).json()) as Shape;
}

/** Sends JSON. */
export function tell(path: string, body?: object): Promise<Response> {
  if (body === undefined) return ask(path, { method: 'POST' });
  const headers = { 'content-type': 'application/json' };
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** What a stream tells its reader. */
export interface StreamHandlers<Event> {
  readonly event: (event: Event) => void;
  /** `false` while the host doesn't answer. What comes after a `true` begins anew. */
  readonly connected: (isConnected: boolean) => void;
}

/** Reads a stream of events until the signal is aborted, and asks again when it breaks. `EventSource` could show no token. */
export async function follow<Event>(
  path: string,
  { event, connected }: StreamHandlers<Event>,
  signal: AbortSignal,
): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      const { body } = await ask(path, { signal });
      connected(true);
      const parser = createParser({ onEvent: ({ data }) => event(JSON.parse(data) as Event) });
      const text = body?.pipeThrough(new TextDecoderStream());
      for await (const chunk of piecesOf(text)) parser.feed(chunk);
    } catch {
      // The host has gone, or the page has been left: the loop's condition tells.
    }
    if (isOver()) return;
    connected(false);
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function* piecesOf(stream: ReadableStream<string> | undefined): AsyncGenerator<string> {
  if (stream === undefined) return;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Has the browser save what the host answers. */
export async function save(path: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await ask(path)).blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The download has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url));
}

function tokenOf(page: Document): string {
  return page.querySelector<HTMLMetaElement>('meta[name=wingman-token]')?.content ?? '';
}
