import { WingmanError, systemClock, type Clock } from '@wingman/protocol';
import type { FetchMessage } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { ServedFetch, type SendRequest } from './serve-fetch.js';

/** Serves the ports of service workers and keeps those alive while anything is under way. */
export class FetchService {
  readonly #active = new Map<ServedFetch, string>();
  #isKeepingAlive = false;

  constructor(
    private readonly send: SendRequest,
    private readonly onKeepAlive: () => void,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Exchanges under way. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** Takes the port of a service worker instance. */
  addPort(instance: string, port: MessagePort): void {
    this.onlyInstance(instance);
    port.onmessage = (event: MessageEvent<FetchMessage>) => this.#serve(instance, event.data);
  }

  /** What other instances have asked for has nobody left to read it. */
  onlyInstance(instance: string): void {
    const error = new WingmanError('CANCELLED', 'the service worker was restarted');
    for (const [exchange, owner] of [...this.#active]) {
      if (owner !== instance) exchange.cancel(error);
    }
  }

  #serve(instance: string, message: FetchMessage): void {
    const exchange = new ServedFetch(message.port, message.head);
    this.#active.set(exchange, instance);
    this.#scheduleKeepAlive();
    void exchange.run(this.send).then(() => this.#active.delete(exchange));
  }

  /** From here and not from the page, whose timers slow down in the background. */
  #scheduleKeepAlive(): void {
    if (this.#isKeepingAlive) return;
    this.#isKeepingAlive = true;
    this.clock.setTimeout(() => {
      this.#isKeepingAlive = false;
      if (this.#active.size === 0) return;
      this.onKeepAlive();
      this.#scheduleKeepAlive();
    }, BROWSER_LIMITS.keepAliveMs);
  }
}
