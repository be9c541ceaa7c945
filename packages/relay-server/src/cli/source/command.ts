import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { systemCode } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { listeningSockets, processesOf, socketOwners } from './listening.js';
import { probe } from './probe.js';
import type { OpenSource, SourceTools } from './source.js';

/** Where dev servers say that they listen. */
const SAID = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{1,5})/;

/**
 * Starts a command, and waits for HOST_LIMITS.commandStartMs until something that it has started answers HTTP: on
 * `wanted`, on the port that it prints, or on any. The command runs in a process group of its own, which `close` ends.
 */
export function commandSource(command: readonly string[], wanted?: number): OpenSource {
  return async (tools) => {
    const running = new RunningCommand(command, tools);
    try {
      const port = await running.port(wanted);
      return { port, label: running.name, ended: running.ended, close: () => running.close() };
    } catch (error) {
      await running.close();
      throw error;
    }
  };
}

class RunningCommand {
  readonly name: string;
  readonly ended: Promise<number>;
  readonly #tools: SourceTools;
  readonly #child: ChildProcess;
  #hasEnded = false;
  #saidPort: number | undefined;
  #failure: Error | undefined;

  constructor([program = '', ...args]: readonly string[], tools: SourceTools) {
    this.name = [program, ...args].join(' ');
    this.#tools = tools;
    // A group of its own: what it starts ends with it, and Ctrl-C is ours to pass on.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    this.#read(child.stdout);
    this.#read(child.stderr);
    this.ended = new Promise((resolve) => {
      const end = (code: number): void => {
        this.#hasEnded = true;
        resolve(code);
      };
      child.once('error', (error) => {
        this.#failure = error;
        end(1);
      });
      child.once('exit', (code) => end(code ?? 1));
    });
  }

  /** The port that answers. Fails with TIMEOUT, or CANCELLED when it has ended or the user wants no more. */
  async port(wanted: number | undefined): Promise<number> {
    const { reporter, stop } = this.#tools;
    const since = performance.now();
    let nextNotice: number = HOST_LIMITS.commandNoticeMs;
    reporter.notice(
      `Waiting for ${this.name} to listen on ${wanted === undefined ? 'a port' : `port ${wanted}`} …`,
    );
    for (;;) {
      const waited = performance.now() - since;
      this.#demandLife(stop);
      const port = await this.#answering(wanted);
      if (port !== undefined) return port;
      if (waited >= HOST_LIMITS.commandStartMs) throw this.#late(wanted);
      if (waited >= nextNotice) {
        nextNotice *= 2;
        reporter.notice(`Still waiting, for ${Math.round(waited / 1_000)} s.`);
      }
      await delay(HOST_LIMITS.commandPollMs);
    }
  }

  /** Ends the group: by SIGTERM, and by SIGKILL what is there HOST_LIMITS.commandEndMs later. */
  async close(): Promise<void> {
    this.#signal('SIGTERM');
    const late = AbortSignal.timeout(HOST_LIMITS.commandEndMs);
    while (this.#isThere() && !late.aborted) await delay(HOST_LIMITS.commandPollMs / 5);
    this.#signal('SIGKILL');
  }

  #read(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => {
      const text = stripVTControlCharacters(line).replace(/[^\P{Cc}\t]/gu, '');
      const [, port] = SAID.exec(text) ?? [];
      if (port !== undefined) this.#saidPort ??= Number(port);
      this.#tools.reporter.output(text);
    });
  }

  /** The first of its ports that answers HTTP: the one that was said before others. */
  async #answering(wanted: number | undefined): Promise<number | undefined> {
    const own = this.#listening();
    const said = this.#saidPort;
    const ports = wanted !== undefined ? [wanted] : own.includes(said ?? 0) ? [said ?? 0] : own;
    for (const port of ports) if ((await probe(port)).kind === 'web') return port;
    return undefined;
  }

  /** The ports that it listens on; where the system doesn't tell, the one that it has said. */
  #listening(): number[] {
    const sockets = listeningSockets();
    if (sockets === undefined) return this.#saidPort === undefined ? [] : [this.#saidPort];
    const owners = socketOwners(processesOf(this.#child.pid ?? 0));
    const ports = sockets.filter(({ inode }) => owners.has(inode)).map(({ port }) => port);
    return [...new Set(ports)].sort((one, other) => one - other);
  }

  #demandLife(stop: AbortSignal): void {
    if (stop.aborted) throw new WingmanError('CANCELLED', 'stopped');
    if (this.#failure !== undefined) {
      const why =
        systemCode(this.#failure) === 'ENOENT' ? 'there is no such command' : this.#failure.message;
      throw new WingmanError('CANCELLED', `${this.name} could not be started: ${why}`);
    }
    if (this.#hasEnded) {
      throw new WingmanError('CANCELLED', `${this.name} has ended before it listened on a port`);
    }
  }

  #late(wanted: number | undefined): WingmanError {
    const what = wanted === undefined ? 'on any port' : `on port ${wanted}`;
    return new WingmanError(
      'TIMEOUT',
      `${this.name} doesn't answer HTTP ${what} after ${HOST_LIMITS.commandStartMs / 1_000} s. Name its port: wingman run --port 3000 -- …`,
    );
  }

  #isThere(): boolean {
    return this.#signal(0);
  }

  /** Signals the group; false when nobody is left in it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  }
}
