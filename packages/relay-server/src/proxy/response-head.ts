import { create, ResponseHead, type Header } from '@wingman/protocol';

/** A response head of the tunnel. */
export function responseHead(status: number, statusText: string, headers: Header[]): ResponseHead {
  return create(ResponseHead, { status, statusText, headers });
}
