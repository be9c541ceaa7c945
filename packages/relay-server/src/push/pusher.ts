import {
  create,
  header,
  headerValue,
  PUSH_LIMITS,
  PushedAnswer,
  RequestHead,
  TransferCoding,
  WingmanError,
  type Clock,
  type Header,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { DocumentLink } from './document-links.js';
import { importReader, resolveImport } from './imports.js';
import type { PushMemory } from './push-memory.js';
import { PushStream } from './push-stream.js';
import { isPushable, isSame, PushedRequest, type Pushed } from './pushed-request.js';

/** What was sent ahead, in answers, and how many of these no page has asked for, as far as viewers have told. */
export interface PushCount {
  sent: number;
  unclaimed: number;
}

export interface PusherOptions {
  /** The host's, to which this viewer's are added. */
  readonly count: PushCount;
  readonly memory: PushMemory;
  readonly clock: Clock;
  /** Names the viewer's browser. */
  readonly viewer: () => string;
  /** The origin in the URLs of the page. */
  readonly origin: () => string | undefined;
  /** Of the path to the viewer, in milliseconds; null while it is unknown. */
  readonly roundTripMs: () => number | null;
  /** Compresses a body of this kind for the way to the viewer; undefined where that doesn't pay. */
  readonly compress: (contentType: string | undefined, body: Uint8Array) => Uint8Array | undefined;
  /** Has the app asked as if the request had come from the viewer. */
  readonly run: (request: PushedRequest) => void;
}

/** One request that is made for the page. */
interface Push {
  readonly request: PushedRequest;
  /** When its answer went out; undefined before, and of one that is too large for that and waits for the page here. */
  sentAt: number | undefined;
}

/** Fields of a request that are not those of what its code imports. */
const OF_ONE_REQUEST = [
  ...['accept', 'cache-control', 'pragma', 'upgrade-insecure-requests'],
  ...['if-none-match', 'if-modified-since', 'referer', 'purpose', 'sec-purpose', 'priority'],
];
/** What browsers accept (Fetch section 4.1, step 12). */
const ACCEPTED: Readonly<Record<string, string>> = { style: 'text/css,*/*;q=0.1' };
/**
 * Asks the app for what a page's code imports before the page does, and sends the answers ahead, for one viewer's link.
 * Nothing is pushed while the viewer has no push stream open.
 */
export class Pusher {
  readonly #options: PusherOptions;
  /** By target and destination: what is made for the document that the viewer shows now. */
  readonly #pushes = new Map<string, Push>();
  /** What this document has asked for, or has been sent. */
  readonly #seen = new Set<string>();
  /** Answers that are too large to be sent ahead, the oldest first. */
  readonly #large: Push[] = [];
  #asking = 0;
  /** The document has too much at once, or its viewer reads too slowly. The rest is left to its page, which asks at its own pace. */
  #isWide = false;
  /** How many documents the viewer has loaded. */
  #documents = 0;
  /** The page runs: it has asked for something, and may ask for anything as soon as the host does. */
  #isAsking = false;
  /** The browser has been here before, and loads the first document of this link: it may have what is not known to be held. */
  #isReturning = false;
  #stream: PushStream | undefined;
  /** Answers that have gone out, without those that the viewer has told about: it can drop no more. */
  #sent = 0;
  /** Whether the viewer undoes the coding of a pushed body. */
  #undoesCoding = false;

  constructor(options: PusherOptions) {
    this.#options = options;
  }

  /** Whether the viewer takes pushes now. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Opens the push stream for which the viewer has asked; one that is open ends. */
  open({ headers, transferCodings }: Pick<RequestHead, 'headers' | 'transferCodings'>): PushStream {
    this.#stream?.end();
    // Viewers of an older version name the coding of whole answers alone.
    this.#undoesCoding =
      headerValue(headers, 'accept-encoding') === 'gzip' &&
      transferCodings.includes(TransferCoding.GZIP);
    const stream = new PushStream(this.#options.clock, () => this.#ended(stream));
    this.#stream = stream;
    return stream;
  }

  /** The viewer loads another document: what was made for the one before is of no use. */
  navigated(): void {
    this.#drop();
    this.#seen.clear();
    this.#isWide = false;
    this.#documents += 1;
    const { memory, viewer } = this.#options;
    this.#isReturning = this.#documents === 1 && memory.knows(viewer());
  }

  /** The viewer has dropped so many answers, because its page has not asked for them. */
  dropped(answers: number): void {
    const told = Math.min(answers, this.#sent);
    this.#sent -= told;
    this.#options.count.unclaimed += told;
  }

  /** The viewer's browser runs a service worker of the app from now on. */
  workerAsked(): void {
    this.#options.memory.noteWorker(this.#options.viewer());
  }

  /** The answer to a request of the page that is being pushed, or has just been; undefined when the app is to be asked. */
  async take(asked: RequestHead): Promise<Pushed | undefined> {
    if (asked.mode !== 'navigate') this.#isAsking = true;
    if (!this.isOpen || asked.method !== 'GET' || asked.port !== 0) return undefined;
    this.#stream?.used();
    const key = keyOf(asked);
    this.#seen.add(key);
    const push = this.#pushes.get(key);
    this.#pushes.delete(key);
    if (push === undefined || !isSame(push.request.head, asked)) {
      push?.request.cancel(new WingmanError('CANCELLED', 'the page asks for it itself'));
      return undefined;
    }
    const { clock } = this.#options;
    if (clock.now() - (push.sentAt ?? Infinity) > HOST_LIMITS.pushCrossingMs) return undefined;
    const pushed = await push.request.answer;
    return pushed !== undefined && isPushable(pushed, push.request.head) ? pushed : undefined;
  }

  /** The page has the answer to a request of its own; `code` is the body, where the whole of it is known. */
  async answered(
    asked: RequestHead,
    status: number,
    headers: readonly Header[],
    code?: string,
  ): Promise<void> {
    const etag = headerValue(asked.headers, 'if-none-match');
    const { memory } = this.#options;
    if (status === 304 && etag !== undefined)
      return this.#found(asked, memory.importsOf(asked.target, etag));
    if (status !== 200 || code === undefined) return;
    this.#found(asked, await this.#note(asked, headers, code));
  }

  /** The page's document has a script or a style sheet that the page asks for. */
  linked(page: RequestHead, { url, destination, mode }: DocumentLink): void {
    const target = resolveImport(url, page.target, false);
    // Whoever loads a page past the caches wants the app to be asked by the page itself.
    const isPastCaches = headerValue(page.headers, 'cache-control') === 'no-cache';
    if (target === undefined || isPastCaches) return;
    this.#found({ ...page, destination, mode }, [target], true);
  }

  /** Remembers an answer; resolves with the targets that its code imports. */
  async #note(asked: RequestHead, headers: readonly Header[], code: string): Promise<string[]> {
    const { memory, viewer } = this.#options;
    const specifiers = (await importReader(asked.destination, headers)?.(code)) ?? [];
    const imports = specifiers.flatMap(
      (specifier) => resolveImport(specifier, asked.target, asked.destination === 'script') ?? [],
    );
    memory.note(viewer(), asked.target, headers, imports);
    return imports;
  }

  #found(importer: RequestHead, targets: readonly string[], isDocument = false): void {
    const { memory, roundTripMs, viewer } = this.#options;
    // Before a viewer's first page runs, nothing can cross what is pushed. The round trip may not be known by then.
    const isAhead = this.#documents <= 1 && !this.#isAsking;
    // A page nearby that runs asks as soon as the host could, and a push that it crosses is work for nothing.
    const isFar = (roundTripMs() ?? 0) >= HOST_LIMITS.nearRoundTripMs;
    if (!this.isOpen || !(isAhead || isFar) || memory.hasWorker(viewer())) return;
    this.#stream?.used();
    for (const target of targets) this.#foundOne(importer, target, isDocument);
  }

  #foundOne(importer: RequestHead, target: string, isDocument: boolean): void {
    const { memory, viewer } = this.#options;
    const key = keyOf({ ...importer, target });
    if (this.#seen.has(key) || this.#seen.size >= HOST_LIMITS.pushesPerDocument) return;
    const isBehind = this.#asking >= HOST_LIMITS.pushesAtOnce || this.#stream?.isFull === true;
    if (isBehind) this.#isWide = true;
    if (this.#isWide) return;
    const held = memory.held(viewer(), target);
    // The browser has been here before this host has: it may well have this.
    const isKnown = headerValue(importer.headers, 'if-none-match') !== undefined;
    if (held === undefined && (isKnown || this.#isReturning)) return;
    this.#seen.add(key);
    const head = this.#headFor(importer, target, held?.etag, isDocument);
    if (held === undefined || !memory.isFresh(held)) return this.#ask(key, head);
    this.#found(head, memory.importsOf(target, held.etag));
  }

  #headFor(
    importer: RequestHead,
    target: string,
    etag: string | undefined,
    isDocument: boolean,
  ): RequestHead {
    const origin = this.#options.origin();
    // A document's own request may name no page, or another one; what it has asked for names the document.
    const hasReferer = isDocument || headerValue(importer.headers, 'referer') !== undefined;
    const headers = importer.headers.filter(({ name }) => !OF_ONE_REQUEST.includes(name));
    headers.push(header('accept', ACCEPTED[importer.destination] ?? '*/*'));
    if (hasReferer && origin !== undefined)
      headers.push(header('referer', origin + importer.target));
    if (etag !== undefined) headers.push(header('if-none-match', etag));
    const { destination, mode } = importer;
    return create(RequestHead, { method: 'GET', target, headers, destination, mode });
  }

  #ask(key: string, head: RequestHead): void {
    const push: Push = { request: new PushedRequest(head), sentAt: undefined };
    this.#pushes.set(key, push);
    this.#asking += 1;
    this.#options.run(push.request);
    void this.#push(push).finally(() => (this.#asking -= 1));
  }

  async #push(push: Push): Promise<void> {
    const { head: asked } = push.request;
    const pushed = await push.request.answer;
    const stream = this.#stream;
    const isWanted = (): boolean => this.#pushes.get(keyOf(asked)) === push;
    if (pushed === undefined || stream === undefined || !isPushable(pushed, asked)) {
      if (isWanted()) this.#pushes.delete(keyOf(asked));
      return;
    }
    const { head, body } = pushed;
    if (body.byteLength > PUSH_LIMITS.bodyBytes) this.#keepLarge(push);
    else {
      const sent = this.#coded(pushed);
      stream.add(() => (isWanted() ? this.#send(push, sent) : undefined), sent.body.byteLength);
    }
    const code = head.status === 200 ? Buffer.from(body).toString() : undefined;
    await this.answered(asked, head.status, head.headers, code);
  }

  /** The answer as it travels. */
  #coded({ head, body }: Pushed): Pushed {
    const isPlain = headerValue(head.headers, 'content-encoding') === undefined;
    if (!this.#undoesCoding || !isPlain) return { head, body };
    const coded = this.#options.compress(headerValue(head.headers, 'content-type'), body);
    if (coded === undefined) return { head, body };
    return { head: { ...head, transferCoding: TransferCoding.GZIP }, body: coded };
  }

  /** The record of a push that the page has not asked for meanwhile. */
  #send(push: Push, { head, body }: Pushed): PushedAnswer {
    const { target, destination, headers } = push.request.head;
    push.sentAt = this.#options.clock.now();
    this.#options.count.sent += 1;
    this.#sent += 1;
    this.#forgetCrossed();
    const etag = head.status === 304 ? (headerValue(headers, 'if-none-match') ?? '') : '';
    return create(PushedAnswer, { target, destination, head, body, etag });
  }

  /** What went out a while ago is with the viewer by now, and takes no more memory here. */
  #forgetCrossed(): void {
    const before = this.#options.clock.now() - HOST_LIMITS.pushCrossingMs;
    for (const [key, { sentAt }] of this.#pushes) {
      if (sentAt !== undefined && sentAt < before) this.#pushes.delete(key);
    }
  }

  /** The page asks for it soon; only so many wait here, because each may be large. */
  #keepLarge(push: Push): void {
    this.#large.push(push);
    if (this.#large.length <= HOST_LIMITS.pushesKept) return;
    const oldest = this.#large.shift();
    if (oldest !== undefined) this.#pushes.delete(keyOf(oldest.request.head));
  }

  #drop(): void {
    const error = new WingmanError('CANCELLED', 'the page is gone');
    for (const { request } of this.#pushes.values()) request.cancel(error);
    this.#pushes.clear();
    this.#large.length = 0;
  }

  #ended(stream: PushStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#drop();
  }
}

function keyOf({ target, destination }: Pick<RequestHead, 'target' | 'destination'>): string {
  return `${destination} ${target}`;
}
