import { expect } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { inApp, type Status } from './browser.js';
import type { PageApp } from './page-app.js';
import { expectPath, onPath, type PathName, type PathShares } from './paths.js';
import { eventually } from './processes.js';

/** A tab with the app on localhost or, with a path, in the session that takes it: all are asked the same. */
export class Side {
  #arrived: Status | undefined;

  constructor(
    readonly tab: Page,
    readonly path: PathName | undefined,
    private readonly where: { readonly app: PageApp; readonly shares: PathShares },
  ) {}

  url(path = '/'): string {
    const { app, shares } = this.where;
    if (this.path === undefined) return app.origin + path;
    return shares.on(this.path).ready.url.replace('/#', `${path}#`);
  }

  /** Runs a function in the app's document. */
  async ask<T, A extends unknown[]>(run: (...args: A) => T | Promise<T>, ...args: A): Promise<T> {
    if (this.path !== undefined) return inApp(this.tab, run, ...args);
    return await this.tab.evaluate(run as (...args: unknown[]) => T | Promise<T>, ...args);
  }

  /** Waits until the app's document shows a text, and is there as a whole: until then a navigation would take its place in the history. */
  async shows(text: string): Promise<void> {
    const isShown = (part: string): boolean =>
      document.readyState === 'complete' && document.body.innerText.includes(part);
    await eventually(`the page shows “${text}”`, () => this.ask(isShown, text));
  }

  /** Opens a page as from the address bar, on its path. */
  async open(path: string, text: string): Promise<void> {
    await this.tab.goto(this.url(path));
    await this.shows(text);
    await this.arrive();
  }

  async reload(text: string): Promise<void> {
    await this.tab.reload();
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

  /** Waits for its path: each link, and so each load of the tab, begins on the relay. On the relay alone nothing has gone another way. */
  async arrive(): Promise<void> {
    if (this.path === undefined) return;
    this.#arrived = await onPath(this.tab, this.path);
    if (this.path === 'relay') expect(this.#arrived.bytes.p2p).toEqual({ in: 0, out: 0 });
  }

  /** Holds what the tab has sent since it arrived against its path; on localhost there is nothing to hold. */
  async expectPath(): Promise<void> {
    if (this.path === undefined) return;
    if (this.#arrived === undefined) throw new Error('the tab has not arrived');
    await expectPath(this.tab, this.#arrived, this.path);
  }
}
