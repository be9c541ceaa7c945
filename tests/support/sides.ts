import type { Browser, Page } from 'puppeteer-core';
import { inApp } from './browser.js';
import type { PageApp } from './page-app.js';
import { eventually, type Share } from './processes.js';

/** A tab with the app on localhost or, with a share, in its session: both are asked the same. */
export class Side {
  constructor(
    readonly tab: Page,
    private readonly app: PageApp,
    private readonly share: Share | undefined,
  ) {}

  url(path = '/'): string {
    return this.share?.ready.url.replace('/#', `${path}#`) ?? this.app.origin + path;
  }

  /** Runs a function in the app's document. */
  async ask<T, A extends unknown[]>(run: (...args: A) => T | Promise<T>, ...args: A): Promise<T> {
    if (this.share !== undefined) return inApp(this.tab, run, ...args);
    return await this.tab.evaluate(run as (...args: unknown[]) => T | Promise<T>, ...args);
  }

  /** Waits until the app's document shows a text. */
  async shows(text: string): Promise<void> {
    await eventually(`the page shows “${text}”`, () =>
      this.ask((part) => document.body.innerText.includes(part), text),
    );
  }

  /** Opens a page as from the address bar. */
  async open(path: string, text: string): Promise<void> {
    await this.tab.goto(this.url(path));
    await this.shows(text);
  }

  /** Has the app's document lead to another. */
  async go(path: string, text: string): Promise<void> {
    await this.ask((target) => {
      document.body.innerText = '';
      setTimeout(() => location.assign(target));
    }, path);
    await this.shows(text);
  }
}

export type Sides = readonly [local: Side, shared: Side];

/** A fresh tab on each side. */
export async function newSides(browser: Browser, app: PageApp, share: Share): Promise<Sides> {
  const local = new Side(await browser.newPage(), app, undefined);
  return [local, new Side(await browser.newPage(), app, share)];
}

/** What a run gives on localhost, then in the session. */
export async function compared<T>(
  sides: Sides,
  run: (side: Side) => Promise<T>,
): Promise<[local: T, shared: T]> {
  const results: T[] = [];
  for (const side of sides) {
    await side.tab.bringToFront();
    results.push(await run(side));
  }
  const [local, shared] = results as [T, T];
  return [local, shared];
}

/** The same, each in a tab of its own. */
export async function comparedAfresh<T>(
  where: { browser: Browser; app: PageApp; share: Share },
  run: (side: Side) => Promise<T>,
): Promise<[local: T, shared: T]> {
  const sides = await newSides(where.browser, where.app, where.share);
  const results = await compared(sides, run);
  for (const { tab } of sides) await tab.close();
  return results;
}
