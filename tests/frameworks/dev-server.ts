import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually, Program, within } from '../support/program.js';
import type { Ports } from './framework.js';
import { QUIET } from './quiet.js';
import type { Scaffold } from './scaffold.js';

const START_DEADLINE_MS = 90_000;
/** Longer than a program gets before it is killed. */
const STOP_DEADLINE_MS = 20_000;
/** File watchers drop a second change within some 50 ms of the first; nobody saves that fast. */
const BETWEEN_EDITS_MS = 300;

/** Files as they were before they were edited, by path. */
const originals = new Map<string, string>();

/** Takes all edits back: an app in the cache is used again. */
export function restoreFiles(): void {
  for (const [path, text] of originals) writeFileSync(path, text);
  originals.clear();
}

/** The framework's dev server, running. */
export class DevServer {
  readonly ports: Ports;
  readonly #folder: string;
  readonly #program: Program;
  #lastEdit = 0;

  private constructor(folder: string, ports: Ports, command: string) {
    this.#folder = folder;
    this.ports = ports;
    this.#program = new Program('sh', ['-c', command], { cwd: folder, env: QUIET, group: true });
  }

  static async start({ folder, framework }: Scaffold): Promise<DevServer> {
    const ports = { app: await freePort(), api: await freePort() };
    const server = new DevServer(folder, ports, framework.start(ports));
    try {
      await server.#answers();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://localhost:${this.ports.app}`;
  }

  /** What it has printed lately. */
  output(): string {
    return this.#program.output();
  }

  /** Changes a source file on disk, as an editor does, and no faster. */
  async edit(file: string, from: string, to: string): Promise<void> {
    const wait = this.#lastEdit + BETWEEN_EDITS_MS - Date.now();
    await new Promise((resolve) => setTimeout(resolve, wait));
    this.#lastEdit = Date.now();
    const path = join(this.#folder, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no “${from}”`);
    if (!originals.has(path)) originals.set(path, text);
    overwrite(path, text.replace(from, to));
  }

  /** Saves a file again as it is. */
  touch(file: string): void {
    const now = new Date();
    utimesSync(join(this.#folder, file), now, now);
  }

  async stop(): Promise<void> {
    await within(STOP_DEADLINE_MS, 'the dev server stops', this.#program.stop());
    restoreFiles();
  }

  async #answers(): Promise<void> {
    const ended = this.#program.exited.then((code) => {
      throw new Error(`the dev server ended with ${code}\n${this.output()}`);
    });
    const answered = eventually('the dev server answers', () => this.#asks(), START_DEADLINE_MS);
    try {
      await Promise.race([ended, answered]);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.output()}`, { cause: error });
    }
  }

  async #asks(): Promise<boolean> {
    const signal = AbortSignal.timeout(START_DEADLINE_MS);
    const response = await fetch(this.url, { headers: { accept: 'text/html' }, signal });
    await response.body?.cancel();
    return response.status < 500;
  }
}

/**
 * Writes over a file in one step. A file that is emptied first is built empty by a dev server that reads it just then, as
 * Parcel does on a busy machine, and the page is loaded anew. What is shorter than before ends with empty lines.
 */
function overwrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  const missing = fstatSync(file).size - Buffer.byteLength(text);
  writeSync(file, text + '\n'.repeat(Math.max(0, missing)));
  closeSync(file);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
