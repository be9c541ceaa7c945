import { PORTS_TARGET, WingmanError, type PortsAnswer } from '@wingman/protocol';
import type { FetchHead, TunnelPort } from '../shared/exchange-messages.js';
import { TunnelFetch } from './tunnel-fetch.js';

const QUESTION: FetchHead = {
  method: 'GET',
  target: PORTS_TARGET,
  headers: [['accept', 'application/json']],
  destination: 'empty',
  mode: 'same-origin',
  hasBody: false,
  hasCredentials: false,
};

/** Which ports the developer shares, as the host says; asked once for each way to it. */
export class SharedPorts {
  readonly #answers = new WeakMap<TunnelPort, Promise<PortsAnswer>>();

  /** The answer, asked anew when `port` was not in the last one: the host may have been restarted. */
  async find(way: TunnelPort, port: number): Promise<PortsAnswer> {
    const known = await this.#answers.get(way);
    if (known !== undefined && allows(known, port)) return known;
    const answer = ask(way);
    this.#answers.set(way, answer);
    answer.catch(() => this.#answers.delete(way));
    return answer;
  }
}

/** Whether the app's pages may use a port. */
export function allows({ port, also }: PortsAnswer, asked: number): boolean {
  return asked === port || also.includes(asked);
}

async function ask(way: TunnelPort): Promise<PortsAnswer> {
  const { head, body } = await new TunnelFetch(way, QUESTION).reply();
  const answer = (await new Response(body).json()) as Partial<PortsAnswer>;
  const { port, also } = answer;
  if (head.status !== 200 || typeof port !== 'number' || !Array.isArray(also)) {
    throw new WingmanError('PROTOCOL_ERROR', 'the host does not say which ports it shares');
  }
  return { port, also };
}
