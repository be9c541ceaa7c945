import type { ClientInfo } from '../messages.js';
import { NOT_SUPPORTED } from '../state.js';
import type { Link } from './emulation.js';

/** Service Workers, section 4.2: a page or worker of the app. */
export class Client {
  readonly id: string;
  readonly url: string;
  readonly type: ClientTypes;
  readonly frameType: FrameType;
  readonly #link: Link;

  constructor(info: ClientInfo, link: Link) {
    this.id = info.id;
    this.url = info.url;
    this.type = info.type;
    this.frameType = info.frameType;
    this.#link = link;
  }

  postMessage(data: unknown, options: Transferable[] | StructuredSerializeOptions = []): void {
    const transfer = Array.isArray(options) ? options : (options.transfer ?? []);
    this.#link.post({ kind: 'client-message', client: this.id, data, transfer }, transfer);
  }
}

/** Service Workers, section 4.2.9. */
export class WindowClient extends Client {
  readonly visibilityState: DocumentVisibilityState;
  readonly focused: boolean;
  readonly ancestorOrigins: readonly string[] = [];
  readonly #link: Link;

  constructor(info: ClientInfo, link: Link) {
    super(info, link);
    this.visibilityState = info.visibilityState;
    this.focused = info.focused;
    this.#link = link;
  }

  async focus(): Promise<Client> {
    return found(await this.#link.ask({ op: 'focus', id: this.id }), this.#link) ?? this;
  }

  async navigate(url: string): Promise<Client | null> {
    const { href } = new URL(url, location.href);
    const answer = await this.#link.ask({ op: 'navigate', id: this.id, url: href });
    return found(answer, this.#link) ?? null;
  }
}

export function clientOf(info: ClientInfo, link: Link): Client {
  return info.type === 'window' ? new WindowClient(info, link) : new Client(info, link);
}

/** Service Workers, section 4.3. */
export class Clients {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async get(id: string): Promise<Client | undefined> {
    return found(await this.#link.ask({ op: 'client', id }), this.#link);
  }

  async matchAll(options: ClientQueryOptions = {}): Promise<Client[]> {
    const { type = 'window', includeUncontrolled = false } = options;
    // The other side answers such a question with such a list.
    const infos = (await this.#link.ask({
      op: 'clients',
      type,
      includeUncontrolled,
    })) as ClientInfo[];
    return infos.map((info) => clientOf(info, this.#link));
  }

  async claim(): Promise<void> {
    await this.#link.ask({ op: 'claim' });
  }

  openWindow(): Promise<never> {
    return Promise.reject(new DOMException(NOT_SUPPORTED, 'InvalidAccessError'));
  }
}

/** The other side answers with a ClientInfo, or null. */
function found(answer: unknown, link: Link): Client | undefined {
  return answer === null ? undefined : clientOf(answer as ClientInfo, link);
}
