import { formatBytes, type Clock, type ExchangePath, type Path } from '@wingman/protocol';
import type { RequestReport } from '../../exchange/requests.js';
import type { PushCount } from '../../push/pusher.js';
import { count, pathName } from './words.js';

/** In which order the ways are told. */
const WAYS: readonly ExchangePath[] = ['p2p', 'turn', 'relay', 'ingress'];

/** What a session has come to, for its last lines. */
export class Summary {
  readonly #clock: Clock;
  readonly #startedAt: number;
  /** Bytes of the answers, by what carried their ends. */
  readonly #bytes = new Map<ExchangePath, number>();
  /** Viewers who are here and have not been direct yet. */
  readonly #never = new Set<string>();
  #viewers = 0;
  #direct = 0;
  #requests = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  joined(viewer: string, path: Path): void {
    this.#viewers += 1;
    this.#never.add(viewer);
    this.pathChanged(viewer, path);
  }

  pathChanged(viewer: string, path: Path): void {
    if (path === 'p2p' && this.#never.delete(viewer)) this.#direct += 1;
  }

  left(viewer: string): void {
    this.#never.delete(viewer);
  }

  request({ bytes, path }: RequestReport): void {
    this.#requests += 1;
    this.#bytes.set(path, (this.#bytes.get(path) ?? 0) + bytes);
  }

  /** Nothing where nobody came. */
  lines({ sent, unclaimed }: PushCount): string[] {
    if (this.#requests === 0 && this.#viewers === 0) return [];
    const ways = WAYS.flatMap((way) => {
      const bytes = this.#bytes.get(way) ?? 0;
      return bytes === 0 ? [] : [`${formatBytes(bytes)} ${pathName(way)}`];
    });
    const who = `${count(this.#viewers, 'viewer')} (${this.#direct} with a direct path)`;
    const asked = [count(this.#requests, 'request'), ...ways].join(', ');
    const ahead = `Sent ahead: ${count(sent, 'answer')}, ${unclaimed} of them never asked for.`;
    return [`In ${this.#lasted()}: ${who}; ${asked}.`, ...(sent === 0 ? [] : [ahead])];
  }

  #lasted(): string {
    const seconds = Math.round((this.#clock.now() - this.#startedAt) / 1_000);
    if (seconds < 120) return count(seconds, 'second');
    const minutes = Math.round(seconds / 60);
    return minutes < 120 ? count(minutes, 'minute') : count(Math.round(minutes / 60), 'hour');
  }
}
