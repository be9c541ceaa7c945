import { forFrame, isRedirect, type Header } from '@wingman/protocol';
import { admitSession, admitShim, shimStream, takesShim } from '@wingman/web-policy';

/** The app worker's answer to a navigation, made fit for the frame. The host has not seen this answer. */
export function appDocument(response: Response, url: string): Response {
  const headers = new Headers(response.headers);
  const { status } = response;
  if (isRedirect(status, headers.get('location'))) return forFrame(response, url);
  if (response.type === 'error' || status === 0) return response;
  const fields = Array.from(headers, ([name, value]) => ({ name, value }));
  const framed = { destination: 'iframe' };
  if (response.body === null || !takesShim(headers.get('content-type'))) {
    return rebuilt(response, admitSession(fields, framed), response.body);
  }
  const pass = { nonce: crypto.randomUUID(), origins: [new URL(url).origin] };
  const document = admitShim(fields, framed, pass);
  return rebuilt(response, document.headers, response.body.pipeThrough(shimStream(document.tag)));
}

function rebuilt(
  { status, statusText }: Response,
  fields: Header[],
  body: ReadableStream<Uint8Array> | null,
): Response {
  const headers = new Headers(fields.map(({ name, value }): [string, string] => [name, value]));
  return new Response(body, { status, statusText, headers });
}
