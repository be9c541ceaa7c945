import type { ClientInfo } from '../messages.js';
import type { Viewer } from './part.js';

/** The app's pages and workers, without the shells around them. */
export class AppClients {
  constructor(private readonly viewer: Pick<Viewer, 'clients' | 'innerDocuments'>) {}

  async get(id: string): Promise<Client | undefined> {
    const client = await this.viewer.clients.get(id);
    return client !== undefined && isApp(client) ? client : undefined;
  }

  async list(type: ClientTypes = 'all'): Promise<Client[]> {
    const all = await this.viewer.clients.matchAll({ type, includeUncontrolled: true });
    return all.filter(isApp);
  }

  async living(): Promise<ReadonlySet<string>> {
    return new Set((await this.list()).map(({ id }) => id));
  }

  /** What the app worker is told of a client. The app's main document counts as the top page. */
  describe(client: Client): ClientInfo {
    const { id, url, type } = client;
    if (!isWindow(client)) {
      return { ...{ id, url, type }, frameType: 'none', visibilityState: 'hidden', focused: false };
    }
    const { focused, visibilityState } = client;
    const frameType = this.viewer.innerDocuments.get(id) === true ? 'nested' : 'top-level';
    return { ...{ id, url, type, focused, visibilityState }, frameType };
  }
}

/** The page of a tab is the shell; a tab with an opener is "auxiliary". */
function isApp({ frameType }: Client): boolean {
  return frameType !== 'top-level' && frameType !== 'auxiliary';
}

export function isWindow(client: Client): client is WindowClient {
  return client.type === 'window';
}
