import { describe, expect, test } from '@jest/globals';
import type { Mapping, MapperOptions } from 'port-mapper';
import { HOST_LIMITS } from '../src/limits.js';
import { RouterPorts } from '../src/tunnel/webrtc/router-ports.js';

type Done<T> = (error: Error | null, value?: T) => void;
type Answer = Partial<Mapping> | Error;

const mapping = (port: number): Answer => ({
  ...{ externalIp: '198.51.100.7', externalPort: port, via: 'pcp' },
});

/** Stands for the library: routers that answer by one of the protocols, or by none. */
function fakeLibrary(speaks: 'pcp' | 'upnp' | 'none', answer = mapping) {
  const log: string[] = [];
  const create = ({ protocols = [] }: MapperOptions) => {
    const isThere = (protocols as string[]).includes(speaks);
    return {
      on: () => undefined,
      start: (done?: Done<never>) => {
        log.push(`start ${protocols.join()}`);
        done?.(isThere ? null : new Error('nobody answers'), {} as never);
        return { cancel: () => undefined } as never;
      },
      map: ({ internalPort }: { internalPort: number }, done?: Done<Mapping>) => {
        log.push(`map ${internalPort}`);
        const given = answer(internalPort);
        if (given instanceof Error) done?.(given);
        else done?.(null, given as Mapping);
        return { cancel: () => undefined } as never;
      },
      unmap: ({ internalPort }: { internalPort: number }) => void log.push(`unmap ${internalPort}`),
      close: (done?: Done<void>) => {
        log.push(`close ${protocols.join()}`);
        done?.(null);
      },
    };
  };
  return { log, load: () => Promise.resolve(create) };
}

/** Both are begun at once. */
const SEARCH = ['start pcp,natpmp', 'start upnp'];

function setUp(speaks: 'pcp' | 'upnp' | 'none', answer = mapping) {
  const { log, load } = fakeLibrary(speaks, answer);
  const said: string[] = [];
  const ports = new RouterPorts(({ says }) => said.push(says), load);
  return { ports, log, said };
}

describe('the ports of a router', () => {
  test('are none where the machine has no default gateway, which is said as it is', async () => {
    const said: string[] = [];
    const fails = (): never => {
      throw new Error('Could not determine the default gateway. Specify { gateway }.');
    };
    const ports = new RouterPorts(
      ({ says }) => said.push(says),
      () => Promise.resolve(fails),
    );
    expect(await ports.map(4000)).toBeUndefined();
    expect(said).toEqual(['this machine has no default gateway, so there is no router to ask']);
  });

  test('are mapped, and released', async () => {
    const { log, ports, said } = setUp('pcp');
    const mapped = await ports.map(4000);
    expect(mapped).toMatchObject({ address: '198.51.100.7', port: 4000 });
    mapped?.release();
    expect(log).toEqual([...SEARCH, 'close upnp', 'map 4000', 'unmap 4000']);
    expect(said).toEqual(['port 4000 of 198.51.100.7']);
  });

  test('are asked for by UPnP where nothing faster answers, and the search is made once', async () => {
    const { log, ports } = setUp('upnp');
    await Promise.all([ports.map(4000), ports.map(4001)]);
    expect(log).toEqual([...SEARCH, 'close pcp,natpmp', 'map 4000', 'map 4001']);
  });

  test('are none where no router answers, and that is said once', async () => {
    const { log, ports, said } = setUp('none');
    expect([await ports.map(4000), await ports.map(4001)]).toEqual([undefined, undefined]);
    expect(said).toEqual(['no router here answers PCP, NAT-PMP or UPnP']);
    await ports.close();
    expect(log).toEqual([...SEARCH, 'close pcp,natpmp', 'close upnp']);
  });

  test.each([
    ['refuses', () => new Error('NOT_AUTHORIZED'), /NOT_AUTHORIZED/],
    ['has no address itself', () => ({ externalIp: '0.0.0.0', externalPort: 1 }), /not answered/],
    ['says no address', () => ({ externalIp: null, externalPort: 1 }), /not answered/],
  ])('that %s are none, and it is said why', async (_, answer, why) => {
    const { ports, said } = setUp('pcp', answer);
    expect(await ports.map(4000)).toBeUndefined();
    expect(said).toEqual([expect.stringMatching(why)]);
  });

  test('are so many at once, and one that is released makes room', async () => {
    const { ports } = setUp('pcp');
    const all = Array.from({ length: HOST_LIMITS.mappedPorts }, (_, n) => ports.map(4000 + n));
    const [first] = await Promise.all(all);
    expect(await ports.map(9000)).toBeUndefined();
    first?.release();
    expect(await ports.map(9000)).toBeDefined();
  });

  test('are all taken back at the end, after which there are no more', async () => {
    const { log, ports } = setUp('pcp');
    const mapped = await ports.map(4000);
    await ports.close();
    // The router's client has taken it back.
    mapped?.release();
    expect(log.slice(-2)).toEqual(['map 4000', 'close pcp,natpmp']);
    expect(await ports.map(4001)).toBeUndefined();
    await ports.close();
  });
});
