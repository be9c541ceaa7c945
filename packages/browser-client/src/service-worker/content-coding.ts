/** Undoes a Content-Encoding: browsers don't for responses a service worker makes. Adjusts the headers. */
export function decodedBody(
  body: ReadableStream<Uint8Array>,
  headers: Headers,
): ReadableStream<Uint8Array> {
  const coding = headers.get('content-encoding')?.trim().toLowerCase();
  const format = coding === undefined ? undefined : formatOf(coding);
  if (format === undefined) return body;
  headers.delete('content-encoding');
  headers.delete('content-length');
  const decoder: ReadableWritablePair<Uint8Array, BufferSource> = new DecompressionStream(format);
  return (body as ReadableStream<BufferSource>).pipeThrough(decoder);
}

function formatOf(coding: string): CompressionFormat | undefined {
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip';
  return coding === 'deflate' ? 'deflate' : undefined;
}
