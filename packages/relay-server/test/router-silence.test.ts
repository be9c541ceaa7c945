import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Mapping, MapperOptions, StartInfo } from 'port-mapper';
import { HOST_LIMITS } from '../src/limits.js';
import { RouterPorts, type RouterNews } from '../src/tunnel/webrtc/router-ports.js';
import { settle } from './support/fake-clock.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
});
afterEach(() => {
  const left = jest.getTimerCount();
  jest.useRealTimers();
  expect(left).toBe(0);
});

type Done<T> = (error: Error | null, value?: T) => void;
const GRANT = { externalIp: '198.51.100.7', externalPort: 4000, via: 'pcp' } as Mapping;

/** A router that says nothing until the test does. */
class SilentRouter extends EventEmitter {
  readonly log: string[] = [];
  started: Done<StartInfo> = () => undefined;
  readonly asked: Done<Mapping>[] = [];
  closed: Done<void> | undefined;

  start(done: Done<StartInfo> = () => undefined): never {
    this.started = done;
    return { cancel: () => false } as never;
  }

  map({ internalPort }: { internalPort: number }, done: Done<Mapping> = () => undefined): never {
    this.log.push(`map ${internalPort}`);
    this.asked.push(done);
    return { cancel: () => false } as never;
  }

  unmap({ internalPort }: { internalPort: number }): void {
    this.log.push(`unmap ${internalPort}`);
  }

  /** Whoever waits for its start is told, as by the library. */
  close(done?: Done<void>): void {
    this.started(new Error('stopped'));
    this.log.push('close');
    this.closed = done;
  }

  /** Is there, and speaks the protocol that it was asked by. */
  async answers(): Promise<void> {
    this.started(null, {} as StartInfo);
    await settle();
  }
}

/** Two that may be one: by PCP or NAT-PMP, and by UPnP. */
function setUp() {
  const [pcp, upnp] = [new SilentRouter(), new SilentRouter()];
  const left = [pcp, upnp];
  const options: MapperOptions[] = [];
  const create = (one: MapperOptions): SilentRouter => {
    options.push(one);
    return left.shift() ?? new SilentRouter();
  };
  const said: string[] = [];
  const tell: RouterNews = ({ says }) => said.push(says);
  const ports = new RouterPorts(tell, () => Promise.resolve(create));
  return { ports, pcp, upnp, options, said };
}

/** With a router that has been found, and a port that it was asked for. */
async function asking(port = 4000) {
  const all = setUp();
  const mapping = all.ports.map(port);
  await settle();
  await all.pcp.answers();
  return { ...all, mapping };
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
  await settle();
}

describe('the search for a router', () => {
  test('ends in time, with both clients closed, and is not made again', async () => {
    const { options, pcp, ports, said, upnp } = setUp();
    let answer: unknown = 'none yet';
    void ports.map(4000).then((mapped) => (answer = mapped));
    await pass(HOST_LIMITS.routerSearchMs - 1);
    expect([answer, said]).toEqual(['none yet', []]);
    await pass(1);
    expect([answer, said.length, pcp.log, upnp.log]).toEqual([undefined, 1, ['close'], ['close']]);
    expect(await ports.map(4001)).toBeUndefined();
    expect(options).toHaveLength(2);
  });

  test('that has begun ahead of the first port is the one it uses', async () => {
    const { options, pcp, ports, said } = setUp();
    ports.look();
    await settle();
    await pcp.answers();
    const mapping = ports.map(4000);
    await settle();
    pcp.asked[0]?.(null, GRANT);
    expect(await mapping).toMatchObject({ port: 4000 });
    expect([options.length, said.length]).toEqual([2, 1]);
  });

  test('asks for mappings that end by themselves, and opens nothing else', async () => {
    const { mapping, options, pcp } = await asking();
    pcp.asked[0]?.(null, GRANT);
    await mapping;
    expect(options.map(({ protocols }) => protocols)).toEqual([['pcp', 'natpmp'], ['upnp']]);
    for (const one of options)
      expect(one).toMatchObject({
        lifetime: HOST_LIMITS.mappingSeconds,
        ...{ checkLocalPort: false, cleanupOnExit: false, stun: false, announcements: false },
      });
  });

  test('survives what its clients report as errors, then and later', async () => {
    const { mapping, pcp, upnp } = await asking();
    for (const router of [pcp, upnp])
      expect(() => router.emit('error', new Error('EHOSTUNREACH'))).not.toThrow();
    pcp.asked[0]?.(null, GRANT);
    expect(await mapping).toBeDefined();
  });

  test('that is under way when all ends maps nothing, and leaves no client open', async () => {
    const { pcp, ports, said, upnp } = setUp();
    const mapping = ports.map(4000);
    await settle();
    const closing = ports.close();
    for (const router of [pcp, upnp]) router.closed?.(null);
    await closing;
    await pcp.answers();
    await upnp.answers();
    expect(await mapping).toBeUndefined();
    expect([pcp.asked, said]).toEqual([[], []]);
    expect([pcp.log[0], upnp.log[0]]).toEqual(['close', 'close']);
  });

  test('makes no client where all has ended while the library was loaded', async () => {
    const { options, ports } = setUp();
    const mapping = ports.map(4000);
    await ports.close();
    expect([await mapping, options]).toEqual([undefined, []]);
  });

  test('without the library says why for each port, and rejects nowhere', async () => {
    const said: string[] = [];
    const missing = new Error('Cannot find package port-mapper');
    const ports = new RouterPorts(
      ({ says }) => said.push(says),
      () => Promise.reject(missing),
    );
    ports.look();
    await settle();
    expect([await ports.map(4000), await ports.map(4000)]).toEqual([undefined, undefined]);
    expect(said).toEqual([missing.message, missing.message]);
    await ports.close();
  });
});

describe('a router', () => {
  test('that never answers has its time', async () => {
    const { mapping, pcp, said } = await asking();
    await pass(HOST_LIMITS.routerAnswerMs - 1);
    expect(said).toEqual([]);
    await pass(1);
    expect([await mapping, said]).toEqual([undefined, [expect.stringContaining('not answered')]]);
    expect(pcp.log).toEqual(['map 4000', 'unmap 4000']);
  });

  test('that grants a port after that has it taken back', async () => {
    const { mapping, pcp } = await asking();
    await pass(HOST_LIMITS.routerAnswerMs);
    await mapping;
    pcp.log.length = 0;
    pcp.asked[0]?.(null, GRANT);
    await settle();
    expect(pcp.log).toEqual(['unmap 4000']);
  });

  test('that grants a port after another has got it takes it from nobody', async () => {
    const { mapping, pcp, ports } = await asking();
    await pass(HOST_LIMITS.routerAnswerMs);
    await mapping;
    const again = ports.map(4000);
    await settle();
    pcp.asked[1]?.(null, GRANT);
    await again;
    pcp.log.length = 0;
    pcp.asked[0]?.(null, GRANT);
    await settle();
    expect(pcp.log).toEqual([]);
  });

  test('that refuses after that is left alone', async () => {
    const { mapping, pcp, said } = await asking();
    await pass(HOST_LIMITS.routerAnswerMs);
    await mapping;
    pcp.log.length = 0;
    pcp.asked[0]?.(new Error('NO_RESOURCES'));
    await settle();
    expect([pcp.log, said.length]).toEqual([[], 1]);
  });

  test('that is asked for one port twice at once is asked once', async () => {
    const { mapping, pcp, ports } = await asking();
    expect(await ports.map(4000)).toBeUndefined();
    pcp.asked[0]?.(null, GRANT);
    expect(await mapping).toBeDefined();
    expect(pcp.log).toEqual(['map 4000']);
  });

  test('may give another port than was wished for, and the local one is released', async () => {
    const { mapping, pcp } = await asking();
    pcp.asked[0]?.(null, { ...GRANT, externalPort: 61_000 });
    const mapped = await mapping;
    expect(mapped?.port).toBe(61_000);
    mapped?.release();
    expect(pcp.log).toEqual(['map 4000', 'unmap 4000']);
  });

  test.each<[string, Partial<Record<keyof Mapping, unknown>>]>([
    ['more than an address', { externalIp: '198.51.100.7 9 typ host\r\na=x' }],
    ['a name', { externalIp: 'evil.example' }],
    ['an address of IPv6', { externalIp: '2001:db8::1' }],
    ['no port', { externalPort: 0 }],
    ['a port that is none', { externalPort: 70_000 }],
    ['a negative port', { externalPort: -1 }],
    ['half a port', { externalPort: 4000.5 }],
    ['nothing', { externalIp: undefined, externalPort: undefined }],
  ])('that answers with %s has mapped nothing, and takes that back', async (_, answer) => {
    const { mapping, pcp, said } = await asking();
    pcp.asked[0]?.(null, { ...GRANT, ...answer } as Mapping);
    expect(await mapping).toBeUndefined();
    expect([pcp.log.at(-1), said.length]).toEqual(['unmap 4000', 1]);
  });

  test('is asked for nothing more once all has ended, though it has been found', async () => {
    const { mapping, pcp, ports } = await asking();
    pcp.asked[0]?.(null, GRANT);
    await mapping;
    const late = ports.map(4001);
    void ports.close();
    pcp.closed?.(null);
    expect([await late, pcp.log]).toEqual([undefined, ['map 4000', 'close']]);
  });

  test('that doesn’t confirm the end holds nobody up for longer than its time', async () => {
    const { mapping, pcp, ports } = await asking();
    pcp.asked[0]?.(null, GRANT);
    await mapping;
    let isOver = false;
    void ports.close().then(() => (isOver = true));
    await pass(HOST_LIMITS.routerEndMs - 1);
    expect([isOver, pcp.log.at(-1)]).toEqual([false, 'close']);
    await pass(1);
    expect(isOver).toBe(true);
  });
});
