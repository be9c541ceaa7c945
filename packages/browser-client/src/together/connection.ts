import {
  fieldsOf,
  readPlace,
  TOGETHER_TARGET,
  type Place,
  type TogetherEvent,
  type TogetherMove,
  type TogetherPart,
} from '@wingman/protocol';
import { TOGETHER_LIMITS } from '../shared/limits.js';

/** What a tab hears while it takes part. */
export interface Ears {
  heard: (event: TogetherEvent) => void;
  /** The host will not have it: somebody else leads, or the developer has turned it off. */
  refused: (status: number) => void;
}

/** The host says so for good; anything else may be a link that comes back. */
const REFUSALS = [400, 403, 404, 409];

/** One part that this tab takes, until `end`. A stream that breaks off is opened again. */
export class Connection {
  readonly #ending = new AbortController();
  #token = '';

  constructor(
    readonly part: TogetherPart,
    private readonly ears: Ears,
  ) {
    void this.#stay();
  }

  /** Whether the host has named this tab: before that it has nothing to say. */
  get isWelcome(): boolean {
    return this.#token !== '';
  }

  end(): void {
    this.#ending.abort();
  }

  /** Tells those who follow where this tab is. Resolves, too, when nobody has heard it. */
  async send(place: Place): Promise<void> {
    const { signal } = this.#ending;
    const move: TogetherMove = { token: this.#token, place };
    await fetch(TOGETHER_TARGET, { method: 'POST', body: JSON.stringify(move), signal }).catch(
      () => undefined,
    );
  }

  async #stay(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const status = await this.#listen().catch(() => undefined);
      if (signal.aborted) return;
      if (status !== undefined && REFUSALS.includes(status)) return this.ears.refused(status);
      await new Promise((resolve) => setTimeout(resolve, TOGETHER_LIMITS.againMs));
    }
  }

  /** Resolves with the answer's status when the stream is over. */
  async #listen(): Promise<number> {
    const { signal } = this.#ending;
    this.#token = '';
    const answer = await fetch(`${TOGETHER_TARGET}?as=${this.part}`, { cache: 'no-store', signal });
    if (!answer.ok || answer.body === null) return answer.status;
    for await (const event of readEvents(answer.body)) {
      if (event.event === 'welcome') this.#token = event.token;
      this.ears.heard(event);
    }
    return answer.status;
  }
}

/** The events of a stream; what isn't one of ours is left out. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<TogetherEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    text += decoder.decode(piece.value, { stream: true });
    const lines = text.split('\n\n');
    text = lines.pop() ?? '';
    if (text.length > TOGETHER_LIMITS.eventChars) return reader.cancel();
    yield* lines.flatMap((line) => readEvent(line.replace(/^data: /, '')) ?? []);
  }
}

/** Whatever has sent this, only what has the form of an event counts. */
export function readEvent(json: string): TogetherEvent | undefined {
  const { event, token, viewers, isLed, followers, place: sent } = fieldsOf(parse(json));
  if (event === 'welcome') return { event, token: String(token) };
  if (event === 'here') {
    return { event, viewers: Number(viewers), isLed: isLed === true, followers: Number(followers) };
  }
  const place = event === 'place' ? readPlace(sent) : undefined;
  return place && { event: 'place', place };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
