import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, release, type BrowserName, type LaunchOptions } from './browser.js';
import { startPageApp, type PageApp, type Route } from './page-app.js';
import { PATH_NAMES, pathsOf, PathShares, type PathName } from './paths.js';
import { Side } from './side.js';

/** A test does all of it twice, with several waits of 15 s each: the one that fails is to say what it has waited for. */
jest.setTimeout(90_000);

/** The paths of what the tab sees to alone, whatever carries its bytes. */
export const ONE_PATH: readonly PathName[] = ['p2p'];

/** Localhost, then the session on one path or each. */
export type Sides = readonly [local: Side, ...shared: Side[]];

/** What runs once the tests do. */
interface Started {
  app: PageApp;
  shares: PathShares;
  browser: Browser;
}

/** An app on localhost and in a session for each path, and one browser for all of them. */
export class Stage {
  constructor(
    readonly name: BrowserName,
    private readonly started: () => Started,
  ) {}

  get app(): PageApp {
    return this.started().app;
  }

  get browser(): Browser {
    return this.started().browser;
  }

  /** A fresh tab, on localhost or on a path. */
  async newSide(path?: PathName): Promise<Side> {
    return new Side(await this.browser.newPage(), path, this.started());
  }

  /** Fresh tabs, on localhost and on the paths that are tried in this browser. */
  async newSides(paths = pathsOf(this.name)): Promise<Sides> {
    const local = await this.newSide();
    const shared: Side[] = [];
    for (const path of paths) shared.push(await this.newSide(path));
    return [local, ...shared];
  }

  /** As `expectSame`, in fresh tabs. */
  async expectSameAfresh<T>(
    run: (side: Side) => Promise<T>,
    paths = pathsOf(this.name),
  ): Promise<T> {
    const sides = await this.newSides(paths);
    const expected = await expectSame(sides, run);
    for (const { tab } of sides) await tab.close();
    return expected;
  }
}

/** What a run gives on localhost, and must give in the session too, on those of the paths that have a tab. */
export async function expectSame<T>(
  [local, ...shared]: Sides,
  run: (side: Side) => Promise<T>,
  paths = PATH_NAMES,
): Promise<T> {
  const inFront = async (side: Side): Promise<T> => {
    await side.tab.bringToFront();
    return run(side);
  };
  const expected = await inFront(local);
  const compared = shared.filter(({ path }) => path !== undefined && paths.includes(path));
  expect(compared).not.toEqual([]);
  for (const side of compared) {
    const { path } = side;
    expect({ path, gives: await inFront(side) }).toEqual({ path, gives: expected });
  }
  return expected;
}

/** What a stage is made of: the app's routes, options of `wingman share`, Firefox's preferences. */
export interface StageOptions {
  routes: Readonly<Record<string, Route>>;
  args?: readonly string[];
  prefs?: LaunchOptions['prefs'];
}

/** Runs tests of an app in both browsers; nothing of it may go past the tunnel. */
export function besideLocalhost(
  { routes, args, prefs }: StageOptions,
  tests: (stage: Stage) => void,
): void {
  let app: PageApp;
  let shares: PathShares;

  beforeAll(async () => {
    app = await startPageApp(routes);
    shares = await PathShares.start(app.port, args);
  });

  afterAll(async () => {
    await shares.stop();
    await app.close();
  });

  describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launch(name, [], prefs && { prefs });
    });
    afterAll(() => release(browser));

    tests(new Stage(name, () => ({ app, shares, browser })));

    test('all of it went by the tunnel', () => {
      expect(app.plain).toEqual([]);
    });
  });
}
