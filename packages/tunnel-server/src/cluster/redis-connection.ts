import { createClient } from '@redis/client';
import { messageOf } from '@wingman/node-kit';
import { WingmanError, type Clock } from '@wingman/protocol';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';

type Client = ReturnType<typeof connectTo>;

export interface RedisConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error' | 'info'>;
}

/** The connection with Redis. While Redis is away every question is refused, with DIRECTORY_AWAY, and it is tried again. */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  #client: Client;
  #isReady = false;
  #isMissed = false;
  #isClosed = false;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#client = this.#connect();
  }

  /** Whether no question would be answered now. */
  get isAway(): boolean {
    return !this.#isReady;
  }

  /** Rejects with WingmanError DIRECTORY_AWAY, after SERVER_LIMITS.directoryMs at the latest. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    let [isLate, isOver] = [false, false];
    const late = this.#options.clock.setTimeout(() => {
      // A node that was busy all the time may have the answer, and not have read it: sockets are read before this is called.
      setImmediate(() => {
        if (isOver) return;
        isLate = true;
        this.#replace(client);
      });
    }, SERVER_LIMITS.directoryMs);
    try {
      return await question(client);
    } catch (error) {
      throw new WingmanError(
        'DIRECTORY_AWAY',
        'the directory of this tunnel server is away; it is tried again',
        { cause: isLate ? new Error('no answer in time') : error },
      );
    } finally {
      isOver = true;
      late.cancel();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#client.destroy();
  }

  /** The client waits for an answer without a deadline, and a connection that is cut says nothing: its end rejects what waits. */
  #replace(client: Client): void {
    if (this.#isClosed || client !== this.#client) return;
    this.#miss('no answer in time');
    client.destroy();
    this.#client = this.#connect();
  }

  #connect(): Client {
    const client = connectTo(this.#options.url);
    client.on('error', (error: Error) => {
      if (client === this.#client) this.#miss(messageOf(error));
    });
    client.on('ready', () => {
      if (client === this.#client) this.#greet();
    });
    // Its failures are events; it goes on trying until it is destroyed.
    client
      .connect()
      // One that was destroyed while it connected is connected all the same.
      .then(() => {
        if (this.#isClosed || client !== this.#client) client.destroy();
      })
      .catch(() => undefined);
    return client;
  }

  #greet(): void {
    this.#isReady = true;
    if (this.#isMissed) this.#options.logger.info('Redis is back');
    this.#isMissed = false;
  }

  #miss(reason: string): void {
    this.#isReady = false;
    if (!this.#isMissed) this.#options.logger.error({ reason }, 'Redis is away');
    this.#isMissed = true;
  }
}

function connectTo(url: string) {
  return createClient({
    url,
    // A question that waits for Redis to come back would be answered long after it mattered.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: SERVER_LIMITS.directoryMs,
      reconnectStrategy: () => SERVER_LIMITS.directoryRetryMs,
    },
  });
}
