import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { found, type BrowserName } from './browser.js';
import { CHROMIUM, FIREFOX } from './browser-settings.mjs';
import { Program } from './program.js';

/** A browser that nothing drives: Firefox keeps every body for its driver, as long as it has one. */
export class PlainBrowser {
  readonly #program: Program;
  readonly #profile: string;

  constructor(name: BrowserName, url: string) {
    this.#profile = mkdtempSync(join(tmpdir(), `wingman-${name}-`));
    if (name === 'firefox') writeFileSync(join(this.#profile, 'user.js'), preferences());
    const args =
      name === 'firefox'
        ? ['--headless', '--no-remote', '--profile', this.#profile, url]
        : [...CHROMIUM.args, '--headless=new', `--user-data-dir=${this.#profile}`, url];
    this.#program = new Program(found(name === 'firefox' ? FIREFOX : CHROMIUM), args);
  }

  get pid(): number {
    return this.#program.pid;
  }

  async close(): Promise<void> {
    this.#program.signal('SIGTERM');
    await this.#program.stop();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function preferences(): string {
  return Object.entries({ ...FIREFOX.prefs, 'browser.shell.checkDefaultBrowser': false })
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');
}
