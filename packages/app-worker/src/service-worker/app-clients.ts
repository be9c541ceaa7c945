import type { ClientInfo } from '../messages.js';
import type { Viewer } from './viewer.js';

/** The app's pages and workers, without the shells around them. */
export class AppClients {
  /** `inner` holds the documents in frames of the app's own, as they say themselves. */
  constructor(
    private readonly clients: Clients,
    private readonly inner: Viewer['innerDocuments'],
  ) {}

  async get(id: string): Promise<Client | undefined> {
    const client = await this.clients.get(id);
    return client !== undefined && isApp(client) ? client : undefined;
  }

  async list(type: ClientTypes = 'all'): Promise<Client[]> {
    const all = await this.clients.matchAll({ type, includeUncontrolled: true });
    return all.filter(isApp);
  }

  async living(): Promise<ReadonlySet<string>> {
    return new Set((await this.list()).map(({ id }) => id));
  }

  /** What the app's worker is told: its main document is the top page, as its author sees it. */
  describe(client: Client): ClientInfo {
    const { id, url, type } = client;
    const isPage = client instanceof WindowClient;
    return {
      ...{ id, url, type },
      frameType: isPage ? (this.inner.get(id) === true ? 'nested' : 'top-level') : 'none',
      visibilityState: isPage ? client.visibilityState : 'hidden',
      focused: isPage && client.focused,
    };
  }
}

/** The top-level page is the shell. */
function isApp(client: Client): boolean {
  return client.frameType !== 'top-level';
}
