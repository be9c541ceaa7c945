import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeBody, negotiate, type EncodedBody } from './compression.js';
import { NOT_BUILT } from '@wingman/protocol';
import { sendProblem } from './problems.js';
import { newViewerCookie } from './viewer-id.js';

/** What the shell is told in the page itself, to save it a round trip. */
export interface BootData {
  session: string;
  /** The tunnel server's own origin. */
  serverOrigin: string;
  /** base64url of the host's prekey; null when there is none. */
  prekey: string | null;
  ingressAllowed: boolean;
  p2p: { enabled: boolean; timeoutMs: number };
  /** How long a link waits for a carrier, in milliseconds. */
  linkGraceMs: number;
  version: string;
}

const BOOT_MARK = '<!--wingman-boot-->';
/** Encoded shells kept: one for each session that has been opened lately. */
const MAX_KEPT = 64;

/** The top-level page of every session: a template with the session's boot data in it. */
export class Shell {
  readonly #template: string | undefined;
  /** Boot JSON to the page; insertion order is the order of last use. */
  readonly #pages = new Map<string, Promise<EncodedBody>>();

  constructor(template: string | undefined) {
    this.#template = template;
  }

  /** Reads `shell.html` of a directory; without it every shell is a page that says so. */
  static async read(directory: string): Promise<Shell> {
    const template = await readFile(join(directory, 'shell.html'), 'utf8').catch(() => undefined);
    return new Shell(template);
  }

  get isBuilt(): boolean {
    return this.#template !== undefined;
  }

  /** Sends the shell. */
  async serve(req: IncomingMessage, res: ServerResponse, boot: BootData): Promise<void> {
    if (this.#template === undefined) return sendProblem(req, res, NOT_BUILT);
    const page = await this.#page(this.#template, bootJson(boot));
    const { body, coding } = negotiate(page, req.headers['accept-encoding']);
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': body.byteLength,
      'cache-control': 'no-store',
      'set-cookie': newViewerCookie(req),
      // The same URL is the app for everything but a top-level navigation.
      vary: 'Sec-Fetch-Dest, Accept-Encoding',
      'x-content-type-options': 'nosniff',
      // Framed by another site, the pill and the app could be clicked unseen.
      'content-security-policy': "frame-ancestors 'none'",
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  }

  /** Compresses the page before its first viewer comes. */
  prepare(boot: BootData): void {
    if (this.#template === undefined) return;
    // Whoever asks for the page hears of a failure.
    this.#page(this.#template, bootJson(boot)).catch(() => undefined);
  }

  #page(template: string, json: string): Promise<EncodedBody> {
    const kept = this.#pages.get(json);
    const script = `<script type="application/json" id="wingman-boot">${json}</script>`;
    const page = kept ?? encodeBody(Buffer.from(template.replace(BOOT_MARK, () => script)));
    this.#pages.delete(json);
    this.#pages.set(json, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_KEPT) break;
      this.#pages.delete(oldest);
    }
    return page;
  }
}

/** JSON that can't end the script element it stands in. */
export function bootJson(boot: BootData): string {
  return JSON.stringify(boot).replaceAll('<', '\\u003c');
}
