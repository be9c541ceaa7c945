import { readAhead } from '@wingman/protocol/ports';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { bodyLength, REQUEST_ID } from '../shared/request-fields.js';

/** A request's body, with its length if the length is known in advance. */
export interface RequestBody {
  /** Undefined when there is none. */
  chunks: AsyncIterable<Uint8Array> | undefined;
  /** In bytes; null when the length is known only at the end. */
  length: number | null;
  /** All of it for a second time, unless it is larger than what is read ahead. */
  copy?: Blob | undefined;
}

const NO_BODY: RequestBody = { chunks: undefined, length: null };

/** Bodies that have been read and are still to be sent. */
const kept = new WeakMap<Request, Blob>();

/** Reads a whole body into the browser's blob store, so that it can be read twice; null when there is no body. */
export async function keepBody(request: Request): Promise<Blob | null> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.body === null) return null;
  const blob = await request.blob();
  kept.set(request, blob);
  return blob;
}

/**
 * The request for the browser's own fetch, with its body if that was kept. A redirect to another site takes along our
 * field, which that site would have to allow (CORS).
 */
export function forBrowser(request: Request, signal?: AbortSignal): Request {
  const body = kept.get(request);
  if (body === undefined && !request.headers.has(REQUEST_ID)) return request;
  const { referrer, referrerPolicy } = request;
  const headers = new Headers(request.headers);
  headers.delete(REQUEST_ID);
  const parts = { ...(body && { body }), ...(signal && { signal }) };
  return new Request(request, { headers, referrer, referrerPolicy, ...parts });
}

/** No page streams a form, and many servers of forms can't read one without its length. */
const FORM = /^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i;

/**
 * Opens the body as a stream. A form, and each body in engines without `request.body`, becomes a blob first, which
 * is on disk when it is large.
 */
export async function openBody(request: Request): Promise<RequestBody> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.body === null)
    return NO_BODY;
  const known = kept.get(request);
  if (known !== undefined) return openBlob(known);
  const stream: ReadableStream<Uint8Array> | undefined = request.body;
  const length = bodyLength(request);
  // What is small is kept, because a redirect may ask for it again.
  const isLong = length !== null && length > SERVICE_WORKER_LIMITS.bodyPeekBytes;
  if (stream !== undefined && isLong) return { chunks: read(stream.getReader()), length };
  const isForm = FORM.test(request.headers.get('content-type') ?? '');
  if (stream !== undefined && !isForm) {
    const body = await peek(stream.getReader());
    return body.chunks === undefined ? body : { ...body, length: body.length ?? length };
  }
  return openBlob(await request.blob());
}

/** A body that the browser holds as a whole. */
export function openBlob(blob: Blob): RequestBody {
  if (blob.size === 0) return NO_BODY;
  const copy = blob.size <= SERVICE_WORKER_LIMITS.bodyPeekBytes ? blob : undefined;
  return { chunks: read(blob.stream().getReader()), length: blob.size, copy };
}

/** Reads a little ahead: a body that ends within it gets its length, which many dev servers need. */
export async function peek(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  waitMs: number = SERVICE_WORKER_LIMITS.bodyPeekMs,
): Promise<RequestBody> {
  const maxBytes = SERVICE_WORKER_LIMITS.bodyPeekBytes;
  const { start, isWhole, body } = await readAhead(read(reader), { maxBytes, waitMs });
  if (!isWhole) return { chunks: body, length: null };
  const copy = new Blob(start as BlobPart[]);
  return copy.size === 0 ? NO_BODY : { chunks: body, length: copy.size, copy };
}

async function* read(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isDone = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    isDone = true;
  } finally {
    if (!isDone) await reader.cancel().catch(() => undefined);
  }
}
