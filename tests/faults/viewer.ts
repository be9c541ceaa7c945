import type { Browser, CDPSession, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  prefer,
  status,
  type BrowserName,
  type Status,
} from '../support/browser.js';
import { within } from '../support/program.js';
import type { Pausable, PageReport, Workload } from './app/protocol.js';

/** Where the page's script keeps itself. */
interface WorkloadWindow {
  workload: Workload;
}

const CALL_MS = 30_000;

/** A reviewer's browser with the app open in it. */
export class Viewer {
  readonly messages: string[] = [];
  #cdp: CDPSession | undefined;

  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly name: BrowserName,
  ) {}

  static async open(name: BrowserName, url: string): Promise<Viewer> {
    const browser = await launch(name, [], { outlivesSignals: true, unrecorded: true });
    const viewer = new Viewer(browser, await browser.newPage(), name);
    await viewer.#open(url);
    return viewer;
  }

  get pid(): number {
    return this.browser.process()?.pid ?? 0;
  }

  status(): Promise<Status> {
    return this.#call('status', status(this.page));
  }

  async switches(): Promise<number> {
    return (await this.status()).switches;
  }

  report(): Promise<PageReport> {
    return this.#call(
      'report',
      inApp(this.page, () => (window as unknown as WorkloadWindow).workload.report()),
    );
  }

  mark(): Promise<void> {
    return this.#call(
      'mark',
      inApp(this.page, () => (window as unknown as WorkloadWindow).workload.mark()),
    );
  }

  pause(what: Pausable): Promise<void> {
    const evaluate =
      what === 'all'
        ? () => (window as unknown as WorkloadWindow).workload.pause('all')
        : () => (window as unknown as WorkloadWindow).workload.pause('readers');
    return this.#call('pause', inApp(this.page, evaluate));
  }

  resume(): Promise<void> {
    return this.#call(
      'resume',
      inApp(this.page, () => (window as unknown as WorkloadWindow).workload.resume()),
    );
  }

  stopWorkload(): Promise<void> {
    return this.#call(
      'stop',
      inApp(this.page, () => (window as unknown as WorkloadWindow).workload.stop()),
    );
  }

  prefer(path: 'auto' | 'p2p' | 'relay'): Promise<void> {
    return this.#call('prefer', prefer(this.page, path));
  }

  /** Ends the service worker in the middle of whatever it does; tells how many it ended. */
  async killServiceWorker(): Promise<number> {
    const cdp = await this.#session();
    await cdp.send('ServiceWorker.enable');
    await cdp.send('ServiceWorker.stopAllWorkers');
    await cdp.send('ServiceWorker.disable');
    return 1;
  }

  async freeze(isFrozen: boolean): Promise<void> {
    const cdp = await this.#session();
    await cdp.send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' });
  }

  /** Puts another tab in front; 1 when the page is hidden by that, else 0. */
  async hide(): Promise<number> {
    const other = await this.browser.newPage();
    await other.bringToFront();
    const isHidden = await this.page.evaluate(() => document.hidden);
    return isHidden ? 1 : 0;
  }

  async show(): Promise<void> {
    await this.page.bringToFront();
    const others = (await this.browser.pages()).filter((page) => page !== this.page);
    await Promise.all(others.map((page) => page.close()));
  }

  closePage(): Promise<void> {
    return this.page.close();
  }

  async close(): Promise<void> {
    await within(CALL_MS, 'closing the browser', this.browser.close()).catch(() =>
      this.browser.process()?.kill('SIGKILL'),
    );
  }

  async #open(url: string): Promise<void> {
    this.page.on('console', (message) => {
      this.messages.push(`${message.type()}: ${message.text()}`);
      if (this.messages.length > 200) this.messages.shift();
    });
    await this.page.goto(url);
    await appShows(this.page, 'campaign');
  }

  async #session(): Promise<CDPSession> {
    this.#cdp ??= await this.page.createCDPSession();
    return this.#cdp;
  }

  #call<T>(what: string, call: Promise<T>): Promise<T> {
    return within(CALL_MS, `the ${this.name} page’s ${what}`, call);
  }
}
