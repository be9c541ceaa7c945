import type { Header, ResponseHead } from '@wingman/protocol';
import { create, ResponseHeadSchema } from '@wingman/protocol';

/** A response head of the tunnel. */
export function responseHead(status: number, statusText: string, headers: Header[]): ResponseHead {
  return create(ResponseHeadSchema, { status, statusText, headers });
}
