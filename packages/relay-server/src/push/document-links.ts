import { Parser } from 'htmlparser2';
import { HOST_LIMITS } from '../limits.js';

/** What a document has its page ask for: as it is written there, and how the browser asks for it (HTML section 4.2 and 4.12). */
export interface DocumentLink {
  readonly url: string;
  readonly destination: 'script' | 'style';
  readonly mode: 'cors' | 'no-cors';
}

type Attributes = Readonly<Record<string, string | undefined>>;

/** The types that are JavaScript: none at all, or that of the standard. Others are data, import maps and templates. */
const CLASSIC = /^$|^(?:text|application)\/(?:x-)?(?:java|ecma)script$/i;
/** What stands in these is not asked for. */
const INERT = ['template', 'noscript', 'svg', 'math'];

/** Reads a document's HTML as it passes, and tells of the scripts and style sheets that its page asks for without fail. */
export class DocumentLinks {
  readonly #parser: Parser;
  readonly #decoder = new TextDecoder();
  #inert = 0;
  #bytes = 0;
  /** After a `<base>` URLs mean something else, and after a policy of its own the page may name itself in another way. */
  #isUnsure = false;

  constructor(found: (link: DocumentLink) => void) {
    this.#parser = new Parser({
      onopentag: (name, attributes) => {
        if (INERT.includes(name)) this.#inert += 1;
        if (name === 'base' || isReferrerPolicy(name, attributes)) this.#isUnsure = true;
        if (this.#inert > 0 || this.#isUnsure) return;
        const link = linkOf(name, attributes);
        if (link !== undefined) found(link);
      },
      onclosetag: (name) => {
        if (INERT.includes(name)) this.#inert -= 1;
      },
    });
  }

  /** Takes the next piece. What stands far below is read by the browser just as soon. */
  write(piece: Uint8Array): void {
    if (this.#bytes > HOST_LIMITS.pushDocumentBytes) return;
    this.#bytes += piece.byteLength;
    this.#parser.write(this.#decoder.decode(piece, { stream: true }));
  }
}

function isReferrerPolicy(element: string, { name = '' }: Attributes): boolean {
  return element === 'meta' && name.trim().toLowerCase() === 'referrer';
}

function linkOf(name: string, attributes: Attributes): DocumentLink | undefined {
  if (name === 'script') return scriptOf(attributes);
  return name === 'link' ? linkedOf(attributes) : undefined;
}

function scriptOf({ crossorigin, nomodule, src, type = '' }: Attributes): DocumentLink | undefined {
  if (src === undefined || src === '') return undefined;
  const kind = type.trim().toLowerCase();
  if (kind === 'module') return { url: src, destination: 'script', mode: 'cors' };
  if (nomodule !== undefined || !CLASSIC.test(kind)) return undefined;
  return { url: src, destination: 'script', mode: crossorigin === undefined ? 'no-cors' : 'cors' };
}

function linkedOf({ crossorigin, disabled, href, rel = '' }: Attributes): DocumentLink | undefined {
  if (href === undefined || href === '' || disabled !== undefined) return undefined;
  const relations = rel.toLowerCase().split(/\s+/);
  if (relations.includes('modulepreload'))
    return { url: href, destination: 'script', mode: 'cors' };
  if (!relations.includes('stylesheet') || relations.includes('alternate')) return undefined;
  return { url: href, destination: 'style', mode: crossorigin === undefined ? 'no-cors' : 'cors' };
}
