import type { Status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import type { DevServer } from './dev-server.js';
import type { Framework } from './framework.js';
import { hotUpdate, watcherWatches, type Update } from './hot-update.js';
import type { Tab } from './tab.js';
import type { Path, Viewer } from './viewer.js';
import { Visit } from './visit.js';

/** `localhost` is the measure for the others. */
export type Way = 'localhost' | Path;

/** How a page behaved that was reached in one way. */
export interface Behaviour {
  readonly errors: readonly string[];
  readonly updates: readonly Update[];
  /** What each check has seen, by its name, as JSON. */
  readonly seen: ReadonlyMap<string, string>;
}

/** One app in one browser: localhost first, then each path. */
export interface Trial {
  readonly localhost: Behaviour;
  readonly tunnelled: ReadonlyMap<Way, Behaviour>;
}

/** Runs the whole row in one browser. Rejects when a step fails, naming the way and the step. */
export async function runTrial(
  framework: Framework,
  server: DevServer,
  viewer: Viewer,
  progress: (text: string) => void,
): Promise<Trial> {
  const go = async (way: Way): Promise<Behaviour> => {
    const started = Date.now();
    const behaviour = await tryWay(way, framework, server, viewer);
    progress(`${way}: ${Math.round((Date.now() - started) / 1000)} s`);
    return behaviour;
  };
  const localhost = await go('localhost');
  const tunnelled = new Map<Way, Behaviour>();
  for (const path of viewer.paths) tunnelled.set(path, await go(path));
  return { localhost, tunnelled };
}

async function tryWay(
  way: Way,
  framework: Framework,
  server: DevServer,
  viewer: Viewer,
): Promise<Behaviour> {
  try {
    if (way === 'localhost') return await visitPage(way, framework, server, viewer, server.url);
    const args = framework.shareArgs?.(server.ports) ?? [];
    const share = await viewer.share(
      server.ports.app,
      way === 'relay' ? [...args, '--no-p2p'] : args,
      framework.framesHttp === true,
    );
    try {
      return await visitPage(way, framework, server, viewer, share.ready.url);
    } finally {
      await share.stop();
    }
  } catch (error) {
    throw new Error(`${way}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function visitPage(
  way: Way,
  framework: Framework,
  server: DevServer,
  viewer: Viewer,
  base: string,
): Promise<Behaviour> {
  const { path = '/', shows, edits, checks = [] } = framework;
  const { origin, hash } = new URL(base);
  const tab = await viewer.newTab(way !== 'localhost');
  // Without our page the app itself would see the key.
  const visit = await Visit.open(tab, new URL(way === 'plain' ? path : path + hash, origin));
  try {
    await visit.renders(shows);
    if (way !== 'localhost') await carriedBy(way, visit);
    const [first] = edits;
    if (way === 'localhost' && first !== undefined) {
      await watcherWatches(visit, server, framework, first);
    }
    const updates: Update[] = [];
    for (const edit of edits) {
      updates.push(await hotUpdate(visit, server, framework, edit, way === 'localhost'));
    }
    const seen = new Map<string, string>();
    for (const check of checks) {
      const saw = await check.run(visit, server.ports).catch((error: unknown) => {
        throw new Error(`${check.what}: ${String(error)}`, { cause: error });
      });
      seen.set(check.what, JSON.stringify(saw ?? null));
    }
    if (way !== 'localhost') await carriedBy(way, visit);
    const { slowErrors } = framework;
    const errors = visit.errors.filter((error) => slowErrors?.test(error) !== true);
    return { errors, updates, seen };
  } catch (error) {
    throw new Error(`${String(error)}${await evidence(visit, server)}`, { cause: error });
  } finally {
    await visit.close();
  }
}

/** What the page and the dev server said when a step failed. */
async function evidence(visit: Visit, server: DevServer): Promise<string> {
  const asked = (answer: Promise<string>): Promise<string> =>
    answer.catch((error: unknown) => String(error));
  const lines = [
    `the page shows: ${(await asked(visit.text())).slice(0, 500)}`,
    `its document is ${(await asked(visit.html())).slice(0, 1000)}`,
    ...visit.errors.slice(0, 5).map((line) => `console: ${line}`),
    ...server.output().split('\n').slice(-10),
  ];
  return lines.map((line) => `\n    ${line}`).join('');
}

/** Waits for the path, and holds that no byte took another one where that must not be. */
async function carriedBy(way: Path, { tab }: Visit): Promise<void> {
  if (way === 'plain') return withoutOurPage(tab);
  const { bytes } = await eventually(`the path ${way}`, async () => {
    const status = await tab.top.evaluate(() =>
      (window as unknown as { wingman: { status(): Promise<Status> } }).wingman.status(),
    );
    return status.mode === way && status;
  });
  if (bytes[way].in === 0) throw new Error(`nothing came by ${way}`);
  if (way !== 'p2p' && bytes.p2p.in > 0) throw new Error('bytes came by p2p without p2p');
}

/** Holds that the app is the tab's own page, and that nothing of ours could have carried it. */
async function withoutOurPage({ top }: Tab): Promise<void> {
  const carriers = await top.evaluate(() => ['wingman', 'caches'].filter((name) => name in window));
  if (carriers.length > 0) throw new Error(`the page has ${carriers.join(' and ')}`);
}
