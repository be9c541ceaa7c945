import { messageOf } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { createClient } from '@redis/client';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { nameInUse, type Claim, type Directory } from './directory.js';

/** A holder is written as its instance and its node, with a space between. Each script is one step of Redis: no two nodes are in it at once. */
const CLAIM = `
local held = redis.call('GET', KEYS[1])
local isFree = not held or string.sub(held, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' or ARGV[3] == '1'
if not isFree then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4])
return 1`;
const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, -#ARGV[2] - 1) ~= ' ' .. ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4])
return 1`;
const RELEASE = `
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -#ARGV[2] - 1) ~= ' ' .. ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** The directory of several nodes. While Redis is away every question is answered at once, with DIRECTORY_AWAY. */
export class RedisDirectory implements Directory {
  readonly #client: ReturnType<typeof connectTo>;
  #isAway = false;

  constructor(url: string, logger: Pick<Logger, 'error' | 'info'>) {
    this.#client = connectTo(url);
    this.#client.on('error', (error: Error) => {
      if (!this.#isAway) logger.error({ reason: messageOf(error) }, 'Redis is away');
      this.#isAway = true;
    });
    this.#client.on('ready', () => {
      if (this.#isAway) logger.info('Redis is back');
      this.#isAway = false;
    });
    // Its failures are events; it goes on trying until it is destroyed.
    this.#client.connect().catch(() => undefined);
  }

  async claim(name: string, claim: Claim): Promise<void> {
    if ((await this.#run(CLAIM, name, claim)) !== 1) throw nameInUse();
  }

  async renew(name: string, claim: Claim): Promise<boolean> {
    return (await this.#run(RENEW, name, claim)) === 1;
  }

  async release(name: string, claim: Claim): Promise<void> {
    await this.#run(RELEASE, name, claim);
  }

  async ownerOf(name: string): Promise<string | undefined> {
    const held = await this.#ask((client) => client.get(keyOf(name)));
    return held?.split(' ')[1];
  }

  close(): void {
    this.#client.destroy();
  }

  #run(script: string, name: string, { instance, node, takeOver }: Claim): Promise<unknown> {
    const values = [instance, node, takeOver ? '1' : '0', String(SERVER_LIMITS.leaseMs)];
    return this.#ask((client) => client.eval(script, { keys: [keyOf(name)], arguments: values }));
  }

  async #ask<T>(question: (client: ReturnType<typeof connectTo>) => Promise<T>): Promise<T> {
    try {
      return await question(this.#client);
    } catch (error) {
      throw new WingmanError(
        'DIRECTORY_AWAY',
        'the directory of this tunnel server is away; it is tried again',
        { cause: error },
      );
    }
  }
}

function connectTo(url: string) {
  return createClient({
    url,
    // A question that waits for Redis to come back would be answered long after it mattered.
    disableOfflineQueue: true,
    commandOptions: { timeout: SERVER_LIMITS.directoryMs },
    socket: {
      connectTimeout: SERVER_LIMITS.directoryMs,
      reconnectStrategy: () => SERVER_LIMITS.directoryRetryMs,
    },
  });
}

function keyOf(name: string): string {
  return `wingman:session:${name}`;
}
