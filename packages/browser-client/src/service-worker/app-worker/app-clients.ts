import type { ClientInfo } from '../../shared/app-worker-messages.js';

/** The app's pages and workers, without the shells around them. */
export class AppClients {
  /** Documents in frames of the app's own. */
  readonly #inner = new Set<string>();

  constructor(private readonly clients: Clients) {}

  /** A document says that it is not the app's main one. */
  isInner(id: string): void {
    this.#inner.add(id);
  }

  async get(id: string): Promise<Client | undefined> {
    const client = await this.clients.get(id);
    return client !== undefined && isApp(client) ? client : undefined;
  }

  async list(type: ClientTypes = 'all'): Promise<Client[]> {
    const all = await this.clients.matchAll({ type, includeUncontrolled: true });
    return all.filter(isApp);
  }

  async living(): Promise<ReadonlySet<string>> {
    const ids = new Set((await this.list()).map(({ id }) => id));
    for (const id of this.#inner) if (!ids.has(id)) this.#inner.delete(id);
    return ids;
  }

  /** What the app's worker is told: its main document is the top page, as its author sees it. */
  describe(client: Client): ClientInfo {
    const { id, url, type } = client;
    const isPage = client instanceof WindowClient;
    return {
      ...{ id, url, type },
      frameType: isPage ? (this.#inner.has(id) ? 'nested' : 'top-level') : 'none',
      visibilityState: isPage ? client.visibilityState : 'hidden',
      focused: isPage && client.focused,
    };
  }
}

/** The top-level page is the shell. */
function isApp(client: Client): boolean {
  return client.frameType !== 'top-level';
}
