import { describe, expect, test } from '@jest/globals';
import { answer, ask } from '@wingman/protocol/ports';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import type { Introduction, PortWanted } from '../../src/shared/service-worker-messages.js';
import { ISOLATED_MARK, POSTED_MARK } from '../../src/shared/shell-api.js';
import { expectedFor } from '../../src/shell/service-worker-host.js';
import { watchConsole } from '../support/dom.js';
import { settle } from '../support/fake-clock.js';
import { eventually } from '../support/linked-host.js';
import {
  clock,
  container,
  given,
  host,
  last,
  registered,
  tab,
  told,
} from '../support/service-worker-host.js';
import { FakeServiceWorker } from '../support/service-workers.js';

/** Longer than the host looks for one that hangs. */
const SOME_MINUTES_MS = 600_000;
const EXPECTED = { expects: 'https://s.example/page', isPosted: false };

describe('the registration', () => {
  test('is ours, over the whole origin, and past the HTTP cache', async () => {
    await registered();
    expect(container.registered).toEqual([
      ['/__wingman/sw.js', { scope: '/', updateViaCache: 'none' }],
    ]);
    expect(container.isListening).toBe(true);
  });

  test('takes one that is active and controls nothing here, as after a Shift-reload', async () => {
    const made = host();
    expect(await made.register()).toBe(true);
    await made.introduce(EXPECTED);
    expect(container.active?.kinds()).toEqual(['shell']);
  });

  test('is none when the browser refuses it', async () => {
    container.active = undefined;
    expect(await host().register()).toBe(false);
    await clock.advance(SOME_MINUTES_MS);
    expect(told).toEqual([]);
  });

  test('does not take a service worker of the app’s for ours', async () => {
    const other = new FakeServiceWorker('/app-sw.js');
    container.controller = other;
    const made = host();
    expect(await made.register()).toBe(true);
    await made.introduce(EXPECTED);
    expect(other.heard).toEqual([]);
    expect(container.active?.kinds()).toEqual(['shell']);
  });
});

describe('the introduction', () => {
  test('says which page the frame loads, and gives both ends of a port to those who talk by it', async () => {
    const { made, worker } = await registered();
    made.session = 'session-1';
    await made.introduce(EXPECTED);
    const shell = { tab: 'tab-1', session: 'session-1', isIsolated: false };
    expect(last(worker, 'shell')).toMatchObject({ ...shell, ...EXPECTED });
    expect(told).toEqual([['port', 'instance-1']]);
    const [end] = given;
    const heard = new Promise((resolve) => {
      if (end !== undefined) end.onmessage = ({ data }) => resolve(data);
    });
    last(worker, 'shell').port?.postMessage('by the port');
    expect(await heard).toBe('by the port');
  });

  test('says that the network is the way, where there is no tunnel', async () => {
    const { made, worker } = await registered(false);
    await made.introduce(EXPECTED);
    expect(last(worker, 'shell').port).toBeNull();
    expect(told).toEqual([]);
  });

  test('of a page that a form has opened, or that is isolated, says so', async () => {
    tab.document.head.innerHTML = `<meta name="${POSTED_MARK}"><meta name="${ISOLATED_MARK}">`;
    const { made, worker } = await registered();
    const expected = expectedFor('https://s.example/form#part', tab.document);
    expect(expected).toEqual({ expects: 'https://s.example/form', isPosted: true });
    await made.introduce(expected);
    expect(last(worker, 'shell').isIsolated).toBe(true);
  });

  test('waits no longer than its deadline, and connects whoever answers later', async () => {
    const { made, worker } = await registered();
    worker.instance = undefined;
    const start = Date.now();
    await made.introduce(EXPECTED);
    expect(Date.now() - start).toBeGreaterThanOrEqual(BROWSER_LIMITS.handOverMs - 50);
    expect(told).toEqual([]);
    const reply = worker.ports.at(-1);
    if (reply !== undefined) answer(reply, { instance: 'late' });
    await eventually(() => told.length === 1);
    expect(told).toEqual([['port', 'late']]);
  });

  test('without a tunnel is for a service worker of an earlier visit only', async () => {
    const made = host(false);
    await made.stepAside(EXPECTED);
    expect(container.active?.heard).toEqual([]);
    container.controller = new FakeServiceWorker();
    await made.stepAside(EXPECTED);
    expect(container.controller.kinds()).toEqual(['shell']);
  });
});

describe('what the shell asks of the service worker', () => {
  test('is to expect a page of this tab, without its fragment', async () => {
    const { made, worker } = await registered();
    await made.expect('https://s.example/file#x');
    expect(last(worker, 'expect')).toEqual({
      ...{ kind: 'expect', tab: 'tab-1', url: 'https://s.example/file' },
    });
  });

  test('is done, or was not heard', async () => {
    const { made, worker } = await registered();
    expect(await made.has({ kind: 'isolation', isOn: true })).toBe(true);
    expect(last(worker, 'isolation').isOn).toBe(true);
    worker.instance = undefined;
    expect(await made.has({ kind: 'forget-shell' })).toBe(false);
  });

  test('is to stay alive, for the tunnel worker to know which instance does', async () => {
    const { made, worker } = await registered();
    worker.instance = 'instance-2';
    await made.keepAlive();
    expect(told).toEqual([['alive', 'instance-2']]);
    worker.instance = undefined;
    await made.keepAlive();
    expect(told).toHaveLength(1);
  });

  test('is to fill its cache, once for each page', async () => {
    const { made, worker } = await registered();
    made.warmCache();
    made.warmCache();
    expect(worker.kinds()).toEqual(['warm-cache']);
  });
});

describe('what the service worker says', () => {
  test('is an error for the console, or news of a file', async () => {
    const errors = watchConsole();
    await registered();
    container.says({ kind: 'wingman-complaint', text: 'blocked' });
    container.says({ kind: 'wingman-file', isSaved: false });
    container.says({ kind: 'wingman-file', isSaved: true });
    expect(errors).toEqual(['blocked']);
    expect(told).toEqual([
      ['file', false],
      ['file', true],
    ]);
  });

  test('may be the app’s own, which is none of ours', async () => {
    await registered();
    expect(() => container.says({ kind: 'hello' })).not.toThrow();
    expect(() => container.says(undefined)).not.toThrow();
    expect(told).toEqual([]);
  });

  async function wanted(hasTunnel: boolean): Promise<Introduction> {
    await registered(hasTunnel);
    return ask<Introduction>(
      (reply) => {
        const message: PortWanted = { kind: 'wingman-port-wanted', instance: 'instance-9', reply };
        container.says(message, [reply]);
      },
      { deadlineMs: 5_000 },
    );
  }

  test('is a question for a port, answered with one to the tunnel', async () => {
    const shell = await wanted(true);
    expect(shell).toMatchObject({ kind: 'shell', tab: 'tab-1', expects: null, isPosted: false });
    expect(told).toEqual([['port', 'instance-9']]);
    shell.port?.close();
  });

  test('is the same question where there is no tunnel', async () => {
    expect(await wanted(false)).toMatchObject({ kind: 'shell', port: null });
    expect(told).toEqual([]);
  });
});

describe('the page’s own requests', () => {
  test('are the service worker’s once it has taken the page over', async () => {
    const { made } = await registered();
    container.controller = null;
    const controls = made.controls();
    container.controller = new FakeServiceWorker();
    container.dispatchEvent(new Event('controllerchange'));
    expect(await controls).toBe(true);
    expect(await made.controls()).toBe(true);
  });

  test('are never those of another worker', async () => {
    const { made } = await registered();
    container.controller = new FakeServiceWorker('/own-worker.js');
    expect(await made.controls()).toBe(false);
  });

  test('are nobody’s when none takes it over in time', async () => {
    const { made } = await registered();
    container.controller = null;
    expect(await made.controls()).toBe(false);
  });
});

describe('a tunnel worker that has ended', () => {
  test('is told to the service worker before its successor is introduced', async () => {
    const { made, worker } = await registered();
    made.tunnelLost(true);
    await eventually(() => told.length > 0);
    expect(worker.kinds()).toEqual(['tunnel-lost', 'shell']);
    expect(last(worker, 'tunnel-lost').tab).toBe('tab-1');
    expect(last(worker, 'shell')).toMatchObject({ expects: null, isPosted: false });
    expect(told).toEqual([['port', 'instance-1']]);
  });

  test('without a successor is told all the same', async () => {
    const { made, worker } = await registered();
    made.tunnelLost(false);
    await settle();
    expect(worker.kinds()).toEqual(['tunnel-lost']);
  });
});
