import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const DEADLINE_MS = 20_000;

/** A GET of `path` from a session, found by its Host header because no resolver here knows the session's name. */
export function get(
  origin: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { host, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      headers: { host, ...headers },
      timeout: DEADLINE_MS,
      // One that is kept may be closed by its server just as the next request is sent.
      agent: false,
    };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${DEADLINE_MS} ms`)));
    request.on('error', reject).end();
  });
}
