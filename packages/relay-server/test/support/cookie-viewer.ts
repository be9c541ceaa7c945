import {
  headersFromRaw,
  headerValue,
  newLinkId,
  PAGE_PATH_HEADER,
  scriptedLine,
  VIEWER_COOKIE,
} from '@wingman/protocol';
import { CookieJars } from '../../src/cookies/cookie-jars.js';
import { ExchangeCookies } from '../../src/cookies/exchange-cookies.js';
import type { Via } from '../../src/local/local-ports.js';

const FORGED = 'f'.repeat(32);

/** A browser and the host: what the host passes on is kept in `store`, as the browser would. */
export class Viewer {
  readonly id: string | undefined;
  readonly store = new Map<string, string>();
  page = '/';
  /** The port whose pages it looks at. */
  home = 3000;

  constructor(
    readonly jars: CookieJars,
    readonly via: Via = 'viewer',
    id: string | undefined = newLinkId(),
  ) {
    this.id = id;
  }

  /** Asks for `path`, and the app answers with these Set-Cookie lines; the Cookie field the app saw. */
  ask(path: string, ...lines: string[]): string | undefined {
    return this.exchange(path, lines).cookie;
  }

  /** The lines that go on to the browser. */
  answer(path: string, ...lines: string[]): string[] {
    return this.exchange(path, lines).passed;
  }

  exchange(path: string, lines: string[], more: string[] = []) {
    // Only the ingress believes a cookie; a link's browser is known from elsewhere.
    const named = this.via === 'ingress' ? this.id : FORGED;
    const own = named === undefined ? [] : [[VIEWER_COOKIE, named] as const];
    const cookie = [...own, ...this.store].map((pair) => pair.join('=')).join('; ');
    const raw = ['cookie', cookie, PAGE_PATH_HEADER, this.page, 'x-own', '1'];
    const request = { target: path, headers: headersFromRaw(raw) };
    const cookies = new ExchangeCookies(request, this.via, {
      jars: this.jars,
      viewer: () => this.id ?? '',
      home: this.home,
    });
    const headers = cookies.received(
      headersFromRaw([...lines.flatMap((line) => ['Set-Cookie', line]), ...more]),
    );
    const fields = headers.filter(({ name }) => name === 'set-cookie');
    const passed = fields.map(({ value }) => value);
    for (const line of passed) this.#keep(line);
    return { cookie: headerValue(cookies.requestHeaders, 'cookie'), passed, cookies, headers };
  }

  /** A script of the app writes a cookie, and the shim notes its name. */
  script(name: string, value: string): void {
    this.store.set(name, value);
    this.#keep(scriptedLine([...this.store], name) ?? '');
  }

  #keep(line: string): void {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    if (line === '') return;
    if (/Max-Age=0/i.test(line)) this.store.delete(name);
    else this.store.set(name, value);
  }
}

/** A host, and a browser that looks at it, at a time that only the test moves. */
export const setUp = (via?: Via) => {
  const time = { now: Date.UTC(2026, 10, 21) };
  const jars = new CookieJars(() => time.now);
  return { time, jars, viewer: new Viewer(jars, via) };
};
