import { isRedirect, leadsAway, leavingPage, SHIM_PATH } from '@wingman/protocol';
import { admitFrame, admitShim, asksForIsolation } from './document-policy.js';

/** Whatever else the host has put into it. */
const SHIM_TAG_START = `<script src="${SHIM_PATH}"`;

/** The host's own search goes further; a licence in a comment fits in here. */
const START_BYTES = 4096;

const ENCODER = new TextEncoder();

/** What may stand before the first tag of the head (HTML, section 13.2.6.4, up to "in head"). */
const START =
  /^(?:ï»¿)?(?:\s|<!--[^]*?-->|<![^>]*>|<\?[^>]*>|<html(?=[\s>/])(?:"[^"]*"|'[^']*'|[^>"'])*>)*(?:<head(?=[\s>/])(?:"[^"]*"|'[^']*'|[^>"'])*>)?/i;

/** A document that the app's worker has answered with, made fit for the frame: the host has not seen this answer. */
export async function appDocument(response: Response, url: string): Promise<Response> {
  const headers = new Headers(response.headers);
  const { status, statusText } = response;
  const location = headers.get('location') ?? '';
  if (isRedirect(status, location)) {
    return leadsAway(location, url) ? leavingPage(location) : response;
  }
  if (response.type === 'error' || status === 0) return response;
  admitFrame(headers);
  const isHtml = /^\s*text\/html\s*(;|$)/i.test(headers.get('content-type') ?? '');
  if (!isHtml || response.body === null) {
    return new Response(response.body, { status, statusText, headers });
  }
  headers.delete('content-length');
  const body = await withShim(response.body, headers, new URL(SHIM_PATH, url).href);
  return new Response(body, { status, statusText, headers });
}

/** Puts the shim where the host puts it; what the host has given before has it. */
async function withShim(
  page: ReadableStream<Uint8Array>,
  headers: Headers,
  url: string,
): Promise<ReadableStream<Uint8Array>> {
  const reader = page.getReader();
  const { bytes, place, hasShim } = await readStart(reader);
  // The worker may have put the headers there itself.
  const mark = asksForIsolation(headers) ? ' data-isolated' : '';
  const end = place + (hasShim ? SHIM_TAG_START.length : 0);
  const [before, after] = [bytes.subarray(0, end), bytes.subarray(end)];
  if (hasShim) return stream([before, ENCODER.encode(mark), after], reader);
  const nonce = crypto.randomUUID();
  admitShim(headers, nonce, url);
  const tag = `${SHIM_TAG_START}${mark} nonce="${nonce}"></script>`;
  return stream([before, ENCODER.encode(tag), after], reader);
}

function stream(
  start: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => start.forEach((part) => controller.enqueue(part)),
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The beginning of a document, and where in it the shim stands or has to. */
interface Start {
  bytes: Uint8Array;
  place: number;
  hasShim: boolean;
}

/** Reads enough for a doctype and the first tags, or everything; no further than a shim that is there, as the rest may be slow. */
async function readStart(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Start> {
  let start = startOf(new Uint8Array());
  while (!start.hasShim && start.bytes.byteLength < START_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    const longer = new Uint8Array(start.bytes.byteLength + value.byteLength);
    longer.set(start.bytes);
    longer.set(value, start.bytes.byteLength);
    start = startOf(longer);
  }
  return start;
}

function startOf(bytes: Uint8Array): Start {
  // One byte, one character: so the place counts in bytes.
  const first = bytes.subarray(0, 2 * START_BYTES);
  const text = Array.from(first, (byte) => String.fromCharCode(byte)).join('');
  const place = START.exec(text)?.[0].length ?? 0;
  return { bytes, place, hasShim: text.startsWith(SHIM_TAG_START, place) };
}
