import { WingmanError } from '@wingman/protocol';
import type { FetchHead } from '../shared/exchange-messages.js';
import type { RequestBody } from './request-body.js';
import { TunnelFetch } from './tunnel-fetch.js';

/** Sends a request of the page into the tunnel; the page's abort goes with it. */
export function startExchange(
  port: MessagePort,
  head: FetchHead,
  chunks: RequestBody['chunks'],
  signal: AbortSignal,
): TunnelFetch {
  const exchange = new TunnelFetch(port, head);
  if (chunks !== undefined) exchange.upload(chunks);
  const cancel = (): void => exchange.abort(new WingmanError('CANCELLED', 'the page gave up'));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return exchange;
}
