import { hostServiceWorkers, type AppContainer } from '../../src/page/container.js';
import {
  SNAPSHOT_NAME,
  type FromPage,
  type PageSnapshot,
  type ToPage,
} from '../../src/messages.js';

export const ORIGIN = 'https://session.example';

export interface Bench {
  container: AppContainer;
  /** What the page has told the service worker. */
  told: { message: FromPage; transfer: unknown[] }[];
  /** The service worker says something. */
  say: (message: ToPage) => void;
  loaded: () => void;
  page: Record<string, unknown>;
}

export function bench({
  snapshot,
  readyState = 'complete',
  isControlled = true,
}: {
  snapshot?: PageSnapshot;
  readyState?: string;
  isControlled?: boolean;
} = {}): Bench {
  const told: Bench['told'] = [];
  const document = new EventTarget();
  Object.assign(document, { readyState, baseURI: `${ORIGIN}/base/` });
  const page: Record<string, unknown> = { document, location: new URL(`${ORIGIN}/app/page`) };
  if (snapshot !== undefined) page[SNAPSHOT_NAME] = snapshot;
  const listeners: ((event: unknown) => void)[] = [];
  const controller = {
    postMessage: (message: FromPage, transfer: unknown[] = []) => told.push({ message, transfer }),
  };
  const native = {
    controller: isControlled ? controller : null,
    addEventListener: (_: string, listener: (event: unknown) => void) => listeners.push(listener),
    startMessages: () => undefined,
  };
  // The parts of a window and of a browser's container that the package looks at.
  const container = hostServiceWorkers(page as never, native as never);
  if (container === undefined) throw new Error('no container');
  const say = (data: ToPage): void => listeners.forEach((listener) => listener({ data }));
  return {
    ...{ container, told, say, page },
    loaded: () => document.dispatchEvent(new Event('DOMContentLoaded')),
  };
}

type Places = Partial<PageSnapshot['registrations'][number]>;

export function snapshotOf(
  places: Places,
  controller: PageSnapshot['controller'] = null,
): PageSnapshot {
  const none = { installing: null, waiting: null, active: null };
  const common = { id: 'r', scope: `${ORIGIN}/`, updateViaCache: 'imports' } as const;
  return { registrations: [{ ...common, ...none, ...places }], controller };
}

export const active = (id = 'one') =>
  ({ id, scriptUrl: `${ORIGIN}/sw.js`, state: 'activated' }) as const;
export const state = (
  snapshot: PageSnapshot,
  rest: { answers?: number; value?: unknown } = {},
): ToPage => ({
  ...{ kind: 'wingman-app-worker-state', snapshot },
  ...rest,
});

/** A snapshot is applied in a task of its own. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
