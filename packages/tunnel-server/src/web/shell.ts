import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NOT_BUILT } from '@wingman/protocol';
import { BOOT_MARK, bootScript } from './browser-bundle.js';
import { acceptedCoding, CompressedPages, type Coding } from './compression.js';
import { contentHash, shellPolicy } from './inline-hashes.js';
import { sendProblem } from './problems.js';
import { newViewerCookie } from './client-identity.js';

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

/** The top-level page of every session: a template with the session's boot data in it. */
export class Shell {
  readonly #template: string | undefined;
  readonly #policy: string;
  readonly #compressed = new CompressedPages();

  /** `scripts` are the sources of what the page loads later. */
  constructor(
    template: string | undefined,
    private readonly scripts: readonly string[] = [],
  ) {
    this.#template = template;
    this.#policy = shellPolicy(template ?? '', [], scripts);
  }

  /** Reads `shell.html` of a directory; without it every shell is a page that says so. */
  static async read(directory: string): Promise<Shell> {
    const template = await readFile(join(directory, 'shell.html'), 'utf8').catch(() => undefined);
    const together = await readFile(join(directory, 'together.js')).catch(() => undefined);
    return new Shell(template, together && [contentHash(together)]);
  }

  get isBuilt(): boolean {
    return this.#template !== undefined;
  }

  /** Sends the shell, which pages of these origins may frame. */
  async serve(
    req: IncomingMessage,
    res: ServerResponse,
    boot: BootData,
    ancestors: readonly string[] = [],
  ): Promise<void> {
    if (this.#template === undefined) return sendProblem(req, res, NOT_BUILT);
    const { body, coding } = await this.#page(this.#template, bootJson(boot), req);
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': body.byteLength,
      'cache-control': 'no-store',
      'set-cookie': newViewerCookie(req),
      // The same URL is the app for everything but a top-level navigation.
      vary: 'Sec-Fetch-Dest, Accept-Encoding',
      'x-content-type-options': 'nosniff',
      'content-security-policy': this.#policyFor(ancestors),
      // In WebKit, an app's page without a policy of its own has the shell's. So the shell's is the default of browsers.
      'referrer-policy': 'strict-origin-when-cross-origin',
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  }

  /** Without those who may frame it, the policy is the same for all sessions. */
  #policyFor(ancestors: readonly string[]): string {
    return ancestors.length === 0
      ? this.#policy
      : shellPolicy(this.#template ?? '', ancestors, this.scripts);
  }

  /** The sessions' pages differ in the boot data alone, which changes with the prekey, once an hour. */
  async #page(
    template: string,
    json: string,
    { headers }: IncomingMessage,
  ): Promise<{ body: Buffer; coding: Coding | undefined }> {
    const page = (): Buffer => Buffer.from(template.replace(BOOT_MARK, () => bootScript(json)));
    const coding = acceptedCoding(headers['accept-encoding']);
    const packed = coding && this.#compressed.get(json, coding, page);
    if (packed === undefined) return { body: page(), coding: undefined };
    return { body: await packed, coding };
  }
}

/** JSON that can't end the script element it stands in. */
export function bootJson(boot: BootData): string {
  return JSON.stringify(boot).replaceAll('<', '\\u003c');
}
