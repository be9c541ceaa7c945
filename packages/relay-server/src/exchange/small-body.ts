import { malformedRequest } from '@wingman/protocol';
import type { HttpExchange } from './http-exchange.js';
import { Refusal } from './problems.js';

/** Reads a body that the host itself is sent, as text. Fails with a Refusal for more than `bytes`, and after `ms`. */
export async function readSmallBody(
  exchange: HttpExchange,
  { bytes, ms }: { readonly bytes: number; readonly ms: number },
): Promise<string> {
  const { clock } = exchange.context;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Refusal(malformedRequest('the form comes too slowly')));
    const timer = clock.setTimeout(fail, ms);
    exchange.atEnd(() => timer.cancel());
  });
  return Promise.race([readText(exchange.body ?? [], bytes), late]);
}

async function readText(
  body: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  most: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new Refusal(malformedRequest('the form is too large'));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
