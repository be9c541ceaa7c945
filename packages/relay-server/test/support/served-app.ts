import { headerValue, type HttpResponse } from '@wingman/protocol';
import type { Via } from '../../src/local/local-ports.js';
import { cleanups } from './cleanups.js';
import { listen, type TestServer } from './servers.js';
import { openTunnel, type TestTunnel } from './tunnel.js';

/** A tunnel to this port, closed after the test. */
export function tunnelTo(port: number, via: Via = 'viewer'): TestTunnel {
  const tunnel = openTunnel(port, via);
  cleanups.push(() => tunnel.close());
  return tunnel;
}

/** An app and a tunnel to it, closed after the test. */
export async function serve(
  handler: Parameters<typeof listen>[0],
  via: Via = 'viewer',
  address?: string,
): Promise<{ server: TestServer; tunnel: TestTunnel }> {
  const server = await listen(handler, address);
  cleanups.push(() => server.close());
  return { server, tunnel: tunnelTo(server.port, via) };
}

export function header(response: HttpResponse, name: string): string | undefined {
  return headerValue(response.head.headers, name);
}

/** A body of so many blocks of this size. */
export async function* blocks(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++)
    yield await Promise.resolve(Buffer.alloc(bytes, index));
}
