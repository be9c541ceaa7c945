import { ConfigError } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { readBrowserBundle, servedHash, type BrowserBundle } from '@wingman/tunnel-server';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HOST_LIMITS } from '../limits.js';

interface Verdict {
  readonly isSame: boolean;
  /** For people, a file a line. */
  readonly lines: readonly string[];
}

/** Gets a file from the session's server; rejects with a WingmanError. */
export type Get = (url: URL) => Promise<Buffer>;

/** The first digits of a hash, which are enough to compare by eye. */
export function shortHash(hash: string): string {
  return hash.slice(0, 16);
}

/**
 * Compares what a session's server gives to browsers with the files of this version. A server that knows who asks
 * can serve others something else. Throws ConfigError.
 */
export async function verify(url: string, get: Get = getFile): Promise<Verdict> {
  const origin = originOf(url);
  const bundle = await readBrowserBundle();
  const lines: string[] = [];
  for (const [name, built] of bundle.files) {
    const served = await hashOf(new URL(pathOf(name), origin), name, get);
    lines.push(lineOf(name, built, served));
  }
  const isSame = bundle.files.size > 0 && lines.every((line) => line.endsWith(SAME));
  return { isSame, lines: [...lines, '', conclusion(origin, bundle, isSame)] };
}

const SAME = 'the same';

function lineOf(name: string, built: string, served: string): string {
  const ours = `built ${shortHash(built)}`;
  if (served === built) return `${name.padEnd(20)} ${ours}, served ${SAME}`;
  const theirs = isHash(served) ? `served ${shortHash(served)}` : served;
  return `${name.padEnd(20)} ${ours}, ${theirs}`;
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function conclusion(origin: URL, { files, hash }: BrowserBundle, isSame: boolean): string {
  if (files.size === 0) return 'This version has no built page to compare with: npm run build.';
  return isSame
    ? `The page that ${origin.host} serves is the page of this version (${shortHash(hash)}).`
    : `The page that ${origin.host} serves is not the page of this version (${shortHash(hash)}). The server runs another version, its code was changed, or it could not be asked.`;
}

async function hashOf(url: URL, name: string, get: Get): Promise<string> {
  try {
    return servedHash(name, await get(url));
  } catch (error) {
    if (error instanceof WingmanError) return error.message;
    throw error;
  }
}

/** A navigation to the session gets the shell; the other files lie below the reserved prefix. */
function pathOf(name: string): string {
  return name === 'shell.html' ? '/' : `/__wingman/${name}`;
}

function originOf(url: string): URL {
  if (URL.canParse(url)) {
    const { origin, protocol } = new URL(url);
    if (protocol === 'http:' || protocol === 'https:') return new URL(origin);
  }
  throw new ConfigError('<url> is not valid. A good value: https://<session>.tunnel.example.org/');
}

/** Asks as a browser that navigates does. */
function getFile(url: URL): Promise<Buffer> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new WingmanError('REFUSED', `not served: ${error.message}`));
    const asked = request(url, {
      headers: { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
      signal: AbortSignal.timeout(HOST_LIMITS.verifyMs),
      // Browsers take these names for this machine, and resolvers may not know them (RFC 6761 section 6.3).
      ...(url.hostname.endsWith('.localhost') && { hostname: '127.0.0.1', setHost: false }),
    });
    asked.setHeader('host', url.host);
    asked.once('error', fail);
    asked.once('response', (response) => void read(response).then(resolve, fail));
    asked.end();
  });
}

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > HOST_LIMITS.verifyBytes) throw new Error('more bytes than a page has');
    chunks.push(chunk);
  }
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode ?? 0}`);
  return Buffer.concat(chunks);
}
