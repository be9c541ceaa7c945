import {
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  trailers: IncomingMessage['trailers'];
  body: Buffer;
  text: string;
}

export interface Ask {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Uint8Array;
}

/** Starts a request to a server on loopback under any Host. */
export function ask(port: number, host: string, path: string, options: Ask = {}): ClientRequest {
  const { body, headers, method } = options;
  const sent = request({
    port,
    host: '127.0.0.1',
    path,
    method: method ?? 'GET',
    agent: false,
    headers: { host, ...headers },
  });
  if (body !== undefined) sent.write(body);
  return sent;
}

/** Sends a request and resolves with its head. */
export function fetchHead(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
}

/** Sends a request and reads the whole answer. */
export async function fetchWhole(
  port: number,
  host: string,
  path: string,
  options: Ask = {},
): Promise<Answer> {
  const sent = ask(port, host, path, options);
  sent.end();
  const response = await fetchHead(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { headers, statusCode, trailers } = response;
  return { status: statusCode ?? 0, headers, trailers, body, text: body.toString() };
}
