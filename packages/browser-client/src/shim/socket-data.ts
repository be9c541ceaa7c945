/** What `send` takes. */
export type SocketData = string | Blob | ArrayBufferLike | ArrayBufferView;

/** What is on its way to the tunnel: blobs are read later. */
export type Outgoing = string | Uint8Array<ArrayBuffer> | Blob;

/** What `send` was given, from whatever realm, as it is now: the caller may change a buffer at once after. */
export function takeData(data: SocketData): Outgoing {
  if (typeof data !== 'object') return wellFormed(data);
  if (isBlob(data)) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  return isBuffer(data) ? new Uint8Array(data).slice() : wellFormed(data);
}

/** Bytes on the wire. */
export function sizeOf(data: Outgoing): number {
  if (typeof data === 'string') return new TextEncoder().encode(data).byteLength;
  return data instanceof Uint8Array ? data.byteLength : data.size;
}

/** WebIDL's USVString: lone surrogates become U+FFFD. */
export function wellFormed(value: unknown): string {
  return String(value).replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd',
  );
}

function isBlob(data: object): data is Blob {
  return /^\[object (?:Blob|File)\]$/.test(Object.prototype.toString.call(data));
}

function isBuffer(data: object): data is ArrayBufferLike {
  return /^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(data));
}
