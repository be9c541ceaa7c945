import { interimHeaders } from './answer-steps.js';
import type { HttpExchange } from './http-exchange.js';

/** Asks the app, once, and takes its answer. */
export async function askApp(exchange: HttpExchange): Promise<void> {
  const { request, local, signal, slot, observation } = exchange;
  const response = await local.client.request({
    method: request.method,
    target: request.target,
    headers: request.headers,
    body: exchange.body,
    signal,
    sent: () => observation.sent(request),
    informational: (status, statusText, headers) =>
      exchange.interim(status, statusText, interimHeaders(exchange, headers)),
    answered: () => slot?.answered(),
    ended: () => slot?.leave(),
  });
  // Steps may put another body before it, which an exchange that fails early never begins to read.
  exchange.atEnd(() => response.body.destroy());
  exchange.answer = response;
}
