import { Socket } from 'node:net';
import { systemCode } from '@wingman/node-kit';
import { errors } from 'undici';
import { HOST_LIMITS } from '../limits.js';

/**
 * A connection to the app whose answers' heads are put into the form that a strict parser takes: a browser on
 * this machine would have taken them too. Only heads are touched, and only those of the developer's own app.
 *
 * Its end is told to whoever reads: undici, which stops reading while it holds an answer back, would take the end for
 * that of the answer then, or end the process by an assertion (nodejs/undici#5360).
 */
export class LenientSocket extends Socket {
  /** The bytes of a head that isn't complete; undefined while a body passes. */
  #head: Buffer | undefined;
  /** The connection has ended, and nobody has read as far as that. */
  #isEnding = false;

  /** A request goes out: what comes next is the head of its answer. */
  expectHead(): void {
    this.#head = Buffer.alloc(0);
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null) return this.#pushEnd();
    if (this.#head === undefined) return super.push(chunk, encoding);
    // An empty chunk tells the stream that this read is done.
    return super.push(this.#takeHeads(Buffer.concat([this.#head, chunk])), encoding);
  }

  override read(size?: number): Buffer | null {
    const bytes = super.read(size) as Buffer | null;
    // With 0 nothing is read: the stream asks itself for more.
    if (bytes === null && size !== 0 && this.#isEnding) {
      this.#isEnding = false;
      super.push(null);
    }
    return bytes;
  }

  /** A reset cuts an answer off, whereas undici would take it for the end of one that has no length. */
  override destroy(error?: Error): this {
    if (systemCode(error) !== 'ECONNRESET') return super.destroy(error);
    return super.destroy(Object.assign(new errors.SocketError(error?.message), { cause: error }));
  }

  #pushEnd(): boolean {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined && head.length > 0) super.push(head);
    if (this.listenerCount('readable') === 0) return super.push(null);
    this.#isEnding = true;
    this.emit('readable');
    return false;
  }

  /** All that can go on: interim heads, the final one and what follows it. */
  #takeHeads(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    let rest = bytes;
    for (;;) {
      const end = endOfHead(rest);
      if (end === undefined) break;
      const head = repairHead(rest.toString('latin1', 0, end));
      rest = rest.subarray(end);
      parts.push(Buffer.from(head.text, 'latin1'));
      if (head.isInterim) continue;
      this.#head = undefined;
      return Buffer.concat([...parts, rest]);
    }
    const isHead = rest.length <= HOST_LIMITS.localHeadBytes && startsLikeHead(rest);
    this.#head = isHead ? rest : undefined;
    return Buffer.concat(isHead ? parts : [...parts, rest]);
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HTTP = 'HTTP/';

/** What doesn't is for the parser to refuse, at once. */
function startsLikeHead(bytes: Buffer): boolean {
  return HTTP.startsWith(bytes.toString('latin1', 0, HTTP.length));
}

/** The length of a head with its empty line, whose line ends may be bare line feeds (RFC 9112 section 2.2). */
function endOfHead(bytes: Buffer): number | undefined {
  if (bytes.length < HTTP.length || !startsLikeHead(bytes)) return undefined;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (bytes[at + 1] === LINE_FEED) return at + 2;
    if (bytes[at + 1] === CARRIAGE_RETURN && bytes[at + 2] === LINE_FEED) return at + 3;
  }
  return undefined;
}

/** A head as a strict parser wants it. An interim answer is followed by another head (RFC 9110 section 15.2). */
function repairHead(text: string): { text: string; isInterim: boolean } {
  const [statusLine = '', ...lines] = unfold(text);
  const status = Number(/^HTTP\/\S+ +(\d+)/.exec(statusLine)?.[1]);
  // The host never sends Expect, so nobody waits for this one.
  if (status === 100) return { text: '', isInterim: true };
  const fields = plainFraming(
    lines.map(repairField).filter((line) => line !== ''),
    status,
  );
  const isInterim = status > 100 && status < 200 && status !== 101;
  return { text: [statusLine, ...fields, '', ''].join('\r\n'), isInterim };
}

/** The lines of a head; one that begins with white space continues the one before (RFC 9112 section 5.2). */
function unfold(text: string): string[] {
  return text
    .trimEnd()
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
}

/** No space before the colon (RFC 9112 section 5.1); a line without a name is none. */
function repairField(line: string): string {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trimEnd();
  return name === '' ? '' : name + line.slice(colon);
}

/** At most one field says where the body ends (RFC 9112 section 6.3); lengths that differ are left for the parser to refuse. */
function plainFraming(lines: string[], status: number): string[] {
  const lengths = lines.filter(isLength).flatMap((line) => valueOf(line).split(/[ \t]*,[ \t]*/));
  const others = lines.filter((line) => !isLength(line));
  if (status === 204) return others.filter((line) => !isCoding(line));
  if (others.some((line) => isCoding(line) && /\bchunked$/i.test(valueOf(line)))) return others;
  if (lengths.length < 2 || new Set(lengths).size > 1) return lines;
  return [...others, `content-length: ${lengths[0]}`];
}

function isLength(line: string): boolean {
  return /^content-length:/i.test(line);
}

function isCoding(line: string): boolean {
  return /^transfer-encoding:/i.test(line);
}

function valueOf(line: string): string {
  return line.slice(line.indexOf(':') + 1).trim();
}
