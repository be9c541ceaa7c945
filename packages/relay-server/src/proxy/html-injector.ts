import { RewritingStream } from 'parse5-html-rewriting-stream';
import { HOST_LIMITS } from '../limits.js';

export const SHIM_PATH = '/__wingman/shim.js';

/** Makes WebSockets and the like go through the link; it has to run before any script of the app. */
export const SHIM_TAG = shimTag(undefined, false);

/** The same for a document whose policy wants a nonce, or that asks for cross-origin isolation. */
export function shimTag(nonce: string | undefined, isIsolated: boolean): string {
  const attributes = [
    `src="${SHIM_PATH}"`,
    ...(nonce === undefined ? [] : [`nonce="${nonce}"`]),
    ...(isIsolated ? ['data-isolated'] : []),
  ];
  return `<script ${attributes.join(' ')}></script>`;
}

const BOM_BYTES = 3;

/**
 * Puts the shim's script into an HTML document while it streams: first in <head>, or before
 * whatever comes first. Works on bytes, so any ASCII-compatible charset passes unchanged.
 */
export class HtmlInjector {
  readonly #tag: Uint8Array;
  #finder: InsertionFinder | undefined;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #done = false;

  constructor(tag: string = SHIM_TAG) {
    this.#tag = Buffer.from(tag, 'latin1');
  }

  /** Takes the next bytes, and returns those that may go on. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#done) return [chunk];
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    return this.#heldBytes < BOM_BYTES ? [] : this.#search(chunk, false);
  }

  /** The document has ended: returns what was kept back. */
  finish(): Uint8Array[] {
    return this.#done ? [] : this.#search(new Uint8Array(), true);
  }

  #search(chunk: Uint8Array, ended: boolean): Uint8Array[] {
    const offset = this.#find(chunk, ended);
    if (offset === 'never') return this.#release();
    if (offset !== undefined) return this.#insert(offset);
    const givenUp = this.#heldBytes > HOST_LIMITS.htmlHoldBytes;
    return ended || givenUp ? this.#release() : [];
  }

  #find(chunk: Uint8Array, ended: boolean): number | 'never' | undefined {
    if (this.#finder !== undefined) return this.#finder.find(chunk, ended);
    const start = Buffer.concat(this.#held);
    if (isUtf16(start)) return 'never';
    const bom = hasUtf8Bom(start) ? BOM_BYTES : 0;
    this.#finder = new InsertionFinder(bom);
    return this.#finder.find(start.subarray(bom), ended);
  }

  #insert(offset: number): Uint8Array[] {
    const [held = Buffer.alloc(0)] = this.#release();
    const parts = [held.subarray(0, offset), this.#tag, held.subarray(offset)];
    return parts.filter((part) => part.length > 0);
  }

  #release(): Uint8Array[] {
    const held = Buffer.concat(this.#held);
    this.#done = true;
    this.#held = [];
    this.#finder = undefined;
    return held.length > 0 ? [held] : [];
  }
}

/** Reads tags until the place is known. */
class InsertionFinder {
  readonly #parser = new RewritingStream();
  readonly #base: number;
  #offset: number | undefined;

  /** `base` is the offset of the first byte it will be given. */
  constructor(base: number) {
    this.#base = base;
    this.#parser.on('startTag', ({ tagName, sourceCodeLocation: place }) => {
      if (tagName !== 'html')
        this.#found(tagName === 'head' ? place?.endOffset : place?.startOffset);
    });
    this.#parser.on('endTag', ({ sourceCodeLocation: place }) => this.#found(place?.startOffset));
    this.#parser.on('text', ({ text, sourceCodeLocation: place }) => {
      if (/[^\t\n\f\r ]/.test(text)) this.#found(place?.startOffset);
    });
  }

  find(chunk: Uint8Array, ended: boolean): number | undefined {
    // Called directly, not through the stream: the answer is needed now, and nobody reads its output.
    this.#parser._transformChunk(Buffer.from(chunk).toString('latin1'));
    if (ended) this.#parser._final(() => undefined);
    return this.#offset === undefined ? undefined : this.#base + this.#offset;
  }

  #found(offset: number | undefined): void {
    this.#offset ??= offset;
    this.#parser.stop();
  }
}

function isUtf16(bytes: Buffer): boolean {
  return (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);
}

function hasUtf8Bom(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Runs a document through an injector. */
export async function* injectShim(
  body: AsyncIterable<Uint8Array>,
  tag: string,
): AsyncGenerator<Uint8Array> {
  const injector = new HtmlInjector(tag);
  for await (const chunk of body) yield* injector.push(chunk);
  yield* injector.finish();
}
