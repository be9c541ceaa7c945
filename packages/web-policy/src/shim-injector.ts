import { SHIM_PATH } from '@wingman/protocol';
import { WEB_POLICY_LIMITS } from './limits.js';
import { ShimPlace } from './shim-place.js';

const TAG_START = `<script src="${SHIM_PATH}"`;
const TAG_END = '></script>';

/**
 * The shim's script element, with the nonce that the document's policy lets in. The shim makes WebSockets and the
 * like go through the link, and has to run before any script of the app.
 */
export function shimTag(
  nonce: string | undefined,
  isIsolated: boolean,
  appPort?: number,
  pageOrigins: ReadonlyMap<number, string> = new Map(),
): string {
  const own = appPort === undefined ? '' : ` data-port="${appPort}"`;
  const others = [...pageOrigins].filter(([other]) => other !== appPort);
  const pages = others.map((pair) => pair.join('=')).join(' ');
  const port = pages === '' ? own : `${own} data-pages="${pages}"`;
  const mark = isIsolated ? ' data-isolated' : '';
  const pass = nonce === undefined ? '' : ` nonce="${nonce}"`;
  return TAG_START + port + mark + pass + TAG_END;
}

/** Whether a document of this Content-Type can have the shim: HTML, but not in UTF-16, whose ASCII characters have other bytes. */
export function takesShim(contentType: string | null | undefined): boolean {
  return /^\s*text\/html\s*(?:$|;(?!.*charset\s*=\s*"?utf-?16))/i.test(contentType ?? '');
}

const BOM_BYTES = 3;
const ENCODER = new TextEncoder();

/**
 * Puts the shim's script into an HTML document that streams through: first in <head>, or before
 * whatever comes first. The injector works on bytes, so any ASCII-compatible charset passes unchanged.
 */
export class ShimInjector {
  readonly #place = new ShimPlace();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The length of the byte order mark; undefined while too few bytes have come to tell. */
  #markBytes: number | undefined;
  #isDone = false;

  /**
   * `tag` comes from `shimTag`. With `mayHaveIt` the document may contain a shim already. That element then gets
   * the attributes of `tag`, which win over its own of the same name (HTML section 13.2.5.33).
   */
  constructor(
    private readonly tag: string,
    private readonly mayHaveIt = false,
  ) {}

  /** Takes the next bytes and returns those that may go on. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#isDone) return [chunk];
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    return this.#heldBytes < BOM_BYTES ? [] : this.#search(chunk, false);
  }

  /** The document has ended: returns what was kept back. */
  finish(): Uint8Array[] {
    return this.#isDone ? [] : this.#search(new Uint8Array(), true);
  }

  #search(chunk: Uint8Array, isEnd: boolean): Uint8Array[] {
    let fresh = chunk;
    if (this.#markBytes === undefined) {
      const start = joined(this.#held);
      if (isUtf16(start)) return this.#release();
      this.#markBytes = hasUtf8Bom(start) ? BOM_BYTES : 0;
      fresh = start.subarray(this.#markBytes);
    }
    const place = this.#place.read(fresh) ?? (isEnd ? this.#place.end() : undefined);
    if (place !== undefined) return this.#insert(this.#markBytes + place, isEnd);
    return this.#heldBytes > WEB_POLICY_LIMITS.htmlHoldBytes ? this.#release() : [];
  }

  #insert(place: number, isEnd: boolean): Uint8Array[] {
    const held = joined(this.#held);
    const next = String.fromCharCode(...held.subarray(place, place + TAG_START.length));
    const isOpen = !isEnd && next !== TAG_START && TAG_START.startsWith(next);
    if (this.mayHaveIt && isOpen) return [];
    const hasIt = this.mayHaveIt && next === TAG_START;
    const at = hasIt ? place + TAG_START.length : place;
    const text = hasIt ? this.tag.slice(TAG_START.length, -TAG_END.length) : this.tag;
    this.#release();
    const parts = [held.subarray(0, at), ENCODER.encode(text), held.subarray(at)];
    return parts.filter((part) => part.length > 0);
  }

  #release(): Uint8Array[] {
    const held = joined(this.#held);
    this.#isDone = true;
    this.#held = [];
    return held.length > 0 ? [held] : [];
  }
}

/** Runs a document through an injector. */
export async function* injectShim(
  body: AsyncIterable<Uint8Array>,
  tag: string,
): AsyncGenerator<Uint8Array> {
  const injector = new ShimInjector(tag);
  for await (const chunk of body) yield* injector.push(chunk);
  yield* injector.finish();
}

/** The same for a browser's stream, whose document may contain the shim already. */
export function shimStream(tag: string): TransformStream<Uint8Array, Uint8Array> {
  const injector = new ShimInjector(tag, true);
  type Controller = TransformStreamDefaultController<Uint8Array>;
  const send = (parts: Uint8Array[], controller: Controller): void =>
    parts.forEach((part) => controller.enqueue(part));
  return new TransformStream({
    transform: (chunk, controller) => send(injector.push(chunk), controller),
    flush: (controller) => send(injector.finish(), controller),
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);
}

function hasUtf8Bom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
