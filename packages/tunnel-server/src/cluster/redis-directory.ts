import { SERVER_LIMITS } from '../limits.js';
import { nameInUse, type Claim, type Directory } from './directory.js';
import type { RedisConnection } from './redis-connection.js';

/** A holder is written as instance and node, with a space between. Redis runs each script in one step, so no two nodes interfere. */
const CLAIM = `
local held = redis.call('GET', KEYS[1])
local isFree = not held or string.sub(held, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' or ARGV[3] == '1'
if not isFree then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4])
return 1`;
/** Of many names: the lease, then for each key its instance and node. Answers with the places of those that another node has. */
const RENEW = `
local lost = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local instance, node = ARGV[2 * i], ARGV[2 * i + 1]
  if held and string.sub(held, -#node - 1) ~= ' ' .. node then lost[#lost + 1] = i - 1
  else redis.call('SET', key, instance .. ' ' .. node, 'PX', ARGV[1]) end
end
return lost`;
const LEAVE = `
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -#ARGV[2] - 1) ~= ' ' .. ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ', 'PX', ARGV[4])
return 1`;
const RELEASE = `
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -#ARGV[2] - 1) ~= ' ' .. ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** The directory of several nodes. */
export class RedisDirectory implements Directory {
  readonly #redis: Pick<RedisConnection, 'ask' | 'isAway'>;

  constructor(redis: Pick<RedisConnection, 'ask' | 'isAway'>) {
    this.#redis = redis;
  }

  get isAway(): boolean {
    return this.#redis.isAway;
  }

  async claim(name: string, claim: Claim): Promise<void> {
    if ((await this.#run(CLAIM, name, claim)) !== 1) throw nameInUse();
  }

  async renew(claims: ReadonlyMap<string, Claim>): Promise<ReadonlySet<string>> {
    const names = [...claims.keys()];
    const holders = [...claims.values()].flatMap(({ instance, node }) => [instance, node]);
    const values = [String(SERVER_LIMITS.leaseMs), ...holders];
    const asked = { keys: names.map(keyOf), arguments: values };
    const lost = await this.#redis.ask((client) => client.eval(RENEW, asked));
    const places = new Set(Array.isArray(lost) ? lost.map(Number) : []);
    return new Set(names.filter((_name, place) => places.has(place)));
  }

  async release(name: string, claim: Claim): Promise<void> {
    await this.#run(RELEASE, name, claim);
  }

  async leave(name: string, claim: Claim): Promise<void> {
    await this.#run(LEAVE, name, claim);
  }

  async ownerOf(name: string): Promise<string | undefined> {
    const held = await this.#redis.ask((client) => client.get(keyOf(name)));
    return held?.split(' ')[1];
  }

  #run(script: string, name: string, { instance, node, takeOver }: Claim): Promise<unknown> {
    const values = [instance, node, takeOver ? '1' : '0', String(SERVER_LIMITS.leaseMs)];
    const asked = { keys: [keyOf(name)], arguments: values };
    return this.#redis.ask((client) => client.eval(script, asked));
  }
}

function keyOf(name: string): string {
  return `wingman:session:${name}`;
}
