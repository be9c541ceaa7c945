import { deferred, PUSH_LIMITS, systemClock, type Clock } from '@wingman/protocol';
import { TakenCount, type PortStream } from '@wingman/protocol/ports';
import {
  PUSHES_HEAD,
  pushesDropped,
  type HeaderPair,
  type PushedReply,
  type ReplyMessage,
  type RequestMessage,
  type TunnelPort,
} from '../shared/exchange-messages.js';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { TunnelFetch } from './tunnel-fetch.js';

/** A request that may be answered by a push, and the fields beside its own. */
export interface Wanted {
  readonly request: Request;
  readonly conditions: readonly HeaderPair[];
}

/** A request under way that a push may answer first. */
export interface AwaitedPush {
  readonly pushed: Promise<PushedReply>;
  readonly giveUp: () => void;
}

interface Awaited extends Pick<Wanted, 'conditions'> {
  readonly resolve: (pushed: PushedReply) => void;
}

/** Answers that tabs' hosts have pushed, until the tabs' pages ask for them. */
export class Pushes {
  readonly #ofTabs = new WeakMap<TunnelPort, TabPushes>();

  constructor(private readonly clock: Clock = systemClock) {}

  /** What has been pushed through this tab's tunnel. */
  of(port: TunnelPort): TabPushes {
    const known = this.#ofTabs.get(port);
    if (known !== undefined) return known;
    const pushes = new TabPushes(port, this.clock);
    this.#ofTabs.set(port, pushes);
    return pushes;
  }
}

/** Answers that one tab's host has pushed. */
export class TabPushes {
  /** By destination and target, with the time of their coming. */
  readonly #answers = new Map<string, { readonly pushed: PushedReply; readonly at: number }>();
  readonly #awaited = new Map<string, Awaited>();
  #stream: PortStream<RequestMessage, ReplyMessage> | undefined;
  #taken = new TakenCount(Infinity, () => undefined);
  /** An older host, or one that was told to push nothing. */
  #isRefused = false;
  /** A viewer nearby is pushed nothing once its first page runs, and need not ask with each document. */
  #mayHelp = true;
  #usedAt = 0;
  /** Answers that no page could use, as long as the host has not been told. */
  #unclaimed = 0;

  constructor(
    private readonly port: TunnelPort,
    private readonly clock: Clock,
  ) {}

  /** The answer that was pushed for a request; has the host push what follows, if it can. */
  take(wanted: Wanted): PushedReply | undefined {
    const key = keyOf(wanted.request);
    if (key === undefined) return undefined;
    if (this.#stream === undefined && !this.#isRefused) this.#open();
    this.#usedAt = this.clock.now();
    const kept = this.#answers.get(key);
    if (kept === undefined) return undefined;
    const { pushed, at } = kept;
    this.#answers.delete(key);
    this.#taken.took(pushed.body.byteLength);
    // The app may say something else by now.
    const isLate = this.#usedAt - at > SERVICE_WORKER_LIMITS.pushUnclaimedMs;
    if (!isLate && fits(pushed, wanted)) return pushed;
    this.#unclaimed += 1;
    return undefined;
  }

  /** What may still be pushed for a request that is under way, until that is over; undefined when nothing will be. */
  await({ request, conditions }: Wanted): AwaitedPush | undefined {
    const key = keyOf(request);
    if (key === undefined || this.#stream === undefined) return undefined;
    const answer = deferred<PushedReply>();
    const awaited: Awaited = { conditions, resolve: (pushed) => answer.resolve(pushed) };
    this.#awaited.set(key, awaited);
    const giveUp = (): void => {
      if (this.#awaited.get(key) === awaited) this.#awaited.delete(key);
    };
    return { pushed: answer.promise, giveUp };
  }

  /**
   * A document is loaded: it is not to get what was pushed for the one before, nor what is on its way. The host reads the
   * tab's first document for what may be pushed, and each after one that anything was pushed for.
   */
  navigated(): void {
    this.#end();
    if (this.#mayHelp && !this.#isRefused) this.#open();
  }

  #end(): void {
    this.#tellUnclaimed();
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.postMessage({ kind: 'abort', code: 'CANCELLED', message: 'the page is gone' });
    stream.close();
    this.#stream = undefined;
  }

  #tellUnclaimed(): void {
    const unclaimed = this.#unclaimed + this.#answers.size;
    this.#answers.clear();
    this.#unclaimed = 0;
    if (unclaimed === 0) return;
    // An older host refuses it, and nothing depends on it.
    new TunnelFetch(this.port, pushesDropped(unclaimed)).reply().catch(() => undefined);
  }

  #open(): void {
    this.#mayHelp = false;
    const stream = this.port.open(PUSHES_HEAD);
    this.#stream = stream;
    this.#taken = new TakenCount(PUSH_LIMITS.unclaimedBytes / 4, (bytes) =>
      stream.postMessage({ kind: 'credit', bytes }),
    );
    stream.onmessage = ({ data }) => this.#receive(stream, data);
    stream.onfailure = () => this.#ended();
  }

  #receive(stream: PortStream<RequestMessage, ReplyMessage>, message: ReplyMessage): void {
    if (message.kind === 'pushed') {
      this.#mayHelp = true;
      return message.answers.forEach((answer) => this.#keep(answer));
    }
    this.#isRefused = message.kind === 'abort' && message.code === 'REFUSED';
    stream.close();
    this.#ended();
  }

  #keep(pushed: PushedReply): void {
    const key = `${pushed.destination} ${pushed.target}`;
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) {
      this.#answers.set(key, { pushed, at: this.clock.now() });
      return;
    }
    this.#awaited.delete(key);
    this.#taken.took(pushed.body.byteLength);
    if (fits(pushed, awaited)) awaited.resolve(pushed);
    else this.#unclaimed += 1;
  }

  /** The page may take longer to ask than the host to push. */
  #ended(): void {
    this.#stream = undefined;
    this.#usedAt = this.clock.now();
    this.#clearWhenUnused();
  }

  #clearWhenUnused(): void {
    const left = this.#usedAt + SERVICE_WORKER_LIMITS.pushUnclaimedMs - this.clock.now();
    if (this.#stream !== undefined || this.#answers.size === 0) return;
    if (left <= 0) return this.#end();
    this.clock.setTimeout(() => this.#clearWhenUnused(), left);
  }
}

/** What a request is pushed by; undefined when it wants more than the plain answer, or is for something else. */
function keyOf({ cache, destination, headers, method, url }: Request): string | undefined {
  if (method !== 'GET' || cache !== 'default') return undefined;
  if (destination !== 'script' && destination !== 'style') return undefined;
  if (headers.has('authorization') || headers.has('range')) return undefined;
  const { pathname, search } = new URL(url);
  return `${destination} ${pathname}${search}`;
}

function fits({ head, etag }: PushedReply, { conditions }: Pick<Wanted, 'conditions'>): boolean {
  return (
    head.status === 200 ||
    conditions.some(([name, value]) => name === 'if-none-match' && value === etag)
  );
}
