import type { Clock } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';
import type { Disguise } from './disguise.js';
import type { RedisConnection } from './redis-connection.js';

/** What a node says to all others. */
export interface Announcement {
  /** The entries of its operator's deny list. */
  readonly denied: readonly string[];
  /** It stops: it has no session any more, and nobody is to wait for it. */
  readonly isGone: boolean;
}

/** What nodes have said last, by the address at which the others reach them. */
export type Announced = ReadonlyMap<string, Announcement>;

/** What the nodes tell each other, again and again. It is kept for SERVER_LIMITS.announcementMs. */
export interface Bulletin {
  /** Says what this node has to say, and hears what the others have said; rejects with WingmanError DIRECTORY_AWAY. */
  exchange(node: string, said: Announcement): Promise<Announced>;
}

/** The bulletin of a server that is one node, and of tests. */
export class MemoryBulletin implements Bulletin {
  readonly #clock: Clock;
  readonly #all = new Map<string, { at: number; said: Announcement }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  exchange(node: string, said: Announcement): Promise<Announced> {
    const now = this.#clock.now();
    this.#all.set(node, { at: now, said });
    for (const [other, { at }] of this.#all) {
      if (now - at >= SERVER_LIMITS.announcementMs) this.#all.delete(other);
    }
    const others = [...this.#all].filter(([other]) => other !== node);
    return Promise.resolve(new Map(others.map(([other, entry]) => [other, entry.said])));
  }
}

const KEY = 'wingman:nodes';

/** One field for each node: when it was written, by Redis' clock, and what. Fields that are too old are dropped. */
const EXCHANGE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
local others = {}
for i = 1, #all, 2 do
  local at, said = string.match(all[i + 1], '^(%d+) (.*)$')
  if not at or now - tonumber(at) >= tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    others[#others + 1] = all[i]
    others[#others + 1] = said
  end
end
return others`;

/** The bulletin of several nodes. What they say is sealed: deny lists have addresses in them. */
export class RedisBulletin implements Bulletin {
  readonly #redis: Pick<RedisConnection, 'ask'>;
  readonly #disguise: Disguise;

  constructor(redis: Pick<RedisConnection, 'ask'>, disguise: Disguise) {
    this.#redis = redis;
    this.#disguise = disguise;
  }

  async exchange(node: string, { denied, isGone }: Announcement): Promise<Announced> {
    const text = [isGone ? 'gone' : 'here', ...denied].join('\n');
    const values = [node, this.#disguise.seal(text, node), String(SERVER_LIMITS.announcementMs)];
    const found = await this.#redis.ask((client) =>
      client.eval(EXCHANGE, { keys: [KEY], arguments: values }),
    );
    return this.#read(Array.isArray(found) ? found.map(String) : []);
  }

  /** Nodes and what they have said, in turns; what no node of ours has written is left out. */
  #read(fields: readonly string[]): Announced {
    const others = new Map<string, Announcement>();
    for (let index = 0; index + 1 < fields.length; index += 2) {
      const node = fields[index] ?? '';
      const text = this.#disguise.unseal(fields[index + 1] ?? '', node);
      const [state, ...denied] = text?.split('\n') ?? [];
      if (state !== undefined) others.set(node, { denied, isGone: state === 'gone' });
    }
    return others;
  }
}
