import { afterEach, describe, expect, test } from '@jest/globals';
import { ownRequests } from '../../src/service-worker/app-fetch.js';
import { eventually } from '../support/linked-host.js';
import { ORIGIN, reply, tunnelledTab } from '../support/tunnelled-tab.js';

const closes: (() => void)[] = [];

function setUp(...args: Parameters<typeof tunnelledTab>) {
  const tab = tunnelledTab(...args);
  closes.push(tab.close);
  const { directory, surroundings, exchanges } = tab.tools;
  const send = ownRequests(directory, surroundings, exchanges);
  const get = (signal = new AbortController().signal): Promise<Response> => {
    const headers = { 'service-worker': 'script' };
    return send('tab-1', `${ORIGIN}/sw.js?v=1`, { destination: 'serviceworker', headers, signal });
  };
  return { ...tab, get };
}

afterEach(() => closes.splice(0).forEach((close) => close()));

describe('a request of the service worker’s own', () => {
  test('is a GET through the tunnel, of the kind and with the fields that are asked for', async () => {
    const { get, received } = setUp((incoming) => reply(incoming, 200, [['x-own', '1']], 'script'));
    const response = await get();
    expect([response.headers.get('x-own'), await response.text()]).toEqual(['1', 'script']);
    expect(received[0]).toMatchObject({ method: 'GET', target: '/sw.js?v=1', port: 0 });
    expect(received[0]?.headers.get('service-worker')).toBe('script');
    expect(received[0]?.headers.has('origin')).toBe(false);
  });

  test('fails in a tab without a tunnel: it never goes in clear', async () => {
    const { get } = setUp(() => undefined, { port: null });
    await expect(get()).rejects.toMatchObject({ code: 'LINK_LOST' });
    const { get: late } = setUp(() => undefined, 'none');
    await expect(late()).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('ends at the host when it is taken back, also before it has begun', async () => {
    const signals: AbortSignal[] = [];
    const { get } = setUp((incoming) => void signals.push(incoming.signal));
    const controller = new AbortController();
    const pending = get(controller.signal);
    await eventually(() => signals.length === 1);
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => signals[0]?.aborted === true);
    await expect(get(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
