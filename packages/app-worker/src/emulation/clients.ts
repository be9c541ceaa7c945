import { NOT_SUPPORTED, type ClientInfo } from '../messages.js';
import type { ServiceWorkerPort } from './service-worker-port.js';

/** A page or worker of the app (Service Workers, section 4.2). */
export class Client {
  readonly id: string;
  readonly url: string;
  readonly type: ClientTypes;
  readonly frameType: FrameType;
  readonly #port: ServiceWorkerPort;

  constructor(info: ClientInfo, port: ServiceWorkerPort) {
    this.id = info.id;
    this.url = info.url;
    this.type = info.type;
    this.frameType = info.frameType;
    this.#port = port;
  }

  postMessage(data: unknown, options: Transferable[] | StructuredSerializeOptions = []): void {
    const transfer = Array.isArray(options) ? options : (options.transfer ?? []);
    this.#port.post({ kind: 'client-message', client: this.id, data, transfer }, transfer);
  }
}

/** A page of the app (Service Workers, section 4.2.9). */
export class WindowClient extends Client {
  readonly visibilityState: DocumentVisibilityState;
  readonly focused: boolean;
  readonly ancestorOrigins: readonly string[] = [];
  readonly #port: ServiceWorkerPort;

  constructor(info: ClientInfo, port: ServiceWorkerPort) {
    super(info, port);
    this.visibilityState = info.visibilityState;
    this.focused = info.focused;
    this.#port = port;
  }

  async focus(): Promise<Client> {
    return found(await this.#port.ask({ op: 'focus', id: this.id }), this.#port) ?? this;
  }

  async navigate(url: string): Promise<Client | null> {
    const { href } = new URL(url, this.#port.base);
    const answer = await this.#port.ask({ op: 'navigate', id: this.id, url: href });
    return found(answer, this.#port) ?? null;
  }
}

export function clientOf(info: ClientInfo, port: ServiceWorkerPort): Client {
  return info.type === 'window' ? new WindowClient(info, port) : new Client(info, port);
}

/** `self.clients` (Service Workers, section 4.3). */
export class Clients {
  readonly #port: ServiceWorkerPort;

  constructor(port: ServiceWorkerPort) {
    this.#port = port;
  }

  async get(id: string): Promise<Client | undefined> {
    return found(await this.#port.ask({ op: 'client', id }), this.#port);
  }

  async matchAll(options: ClientQueryOptions = {}): Promise<Client[]> {
    const { type = 'window', includeUncontrolled = false } = options;
    // The service worker answers this ask with a list of clients.
    const infos = (await this.#port.ask({
      op: 'clients',
      type,
      includeUncontrolled,
    })) as ClientInfo[];
    return infos.map((info) => clientOf(info, this.#port));
  }

  async claim(): Promise<void> {
    await this.#port.ask({ op: 'claim' });
  }

  openWindow(): Promise<never> {
    return Promise.reject(new DOMException(NOT_SUPPORTED, 'InvalidAccessError'));
  }
}

/** The service worker answers with a ClientInfo, or null. */
function found(answer: unknown, port: ServiceWorkerPort): Client | undefined {
  return answer === null ? undefined : clientOf(answer as ClientInfo, port);
}
