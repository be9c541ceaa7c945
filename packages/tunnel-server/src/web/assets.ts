import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptedCoding, encodeBody, type EncodedBody } from './compression.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** A name that changes with its content may be kept for ever. */
const HASHED_NAME = /[.-](?:[A-Z0-9]{8}|[0-9a-f]{8,64})\.\w+$/;

interface Asset {
  type: string;
  etag: string;
  cacheControl: string;
  /** The body, which is compressed at the first request: most starts of the command line serve one browser or none. */
  encoded: () => Promise<EncodedBody>;
}

/** The built files of the browser client, read once: a request can name no other file. */
export class Assets {
  readonly #byName = new Map<string, Asset>();

  /** Reads a directory; one that isn't there has no assets. */
  static async read(directory: string): Promise<Assets> {
    const assets = new Assets();
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isFile()) assets.#add(entry.name, await readFile(join(directory, entry.name)));
    }
    return assets;
  }

  /** Serves the asset of that name; false when there is none. */
  async serve(name: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const asset = this.#byName.get(name);
    if (asset === undefined) return false;
    const headers: Record<string, string> = {
      'content-type': asset.type,
      'cache-control': asset.cacheControl,
      etag: asset.etag,
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
    };
    // The worker lives below the prefix and rules the whole origin.
    if (name === 'sw.js') headers['service-worker-allowed'] = '/';
    if (req.headers['if-none-match'] === asset.etag) {
      res.writeHead(304, headers).end();
      return true;
    }
    const coding = acceptedCoding(req.headers['accept-encoding']);
    const body = (await asset.encoded())[coding ?? 'identity'];
    if (coding !== undefined) headers['content-encoding'] = coding;
    res.writeHead(200, { ...headers, 'content-length': body.byteLength });
    res.end(req.method === 'HEAD' ? undefined : body);
    return true;
  }

  #add(name: string, content: Buffer): void {
    const digest = createHash('sha256').update(content).digest('base64url').slice(0, 22);
    let encoded: Promise<EncodedBody> | undefined;
    this.#byName.set(name, {
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      etag: `"${digest}"`,
      cacheControl: HASHED_NAME.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      encoded: () => (encoded ??= encodeBody(content)),
    });
  }
}
