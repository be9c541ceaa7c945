import { describe, expect, jest, test } from '@jest/globals';
import { CloseCode } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { TUNNEL_LOST_CHANNEL } from '../../src/shared/shell-api.js';
import { NO_LINK } from '../../src/shared/status.js';
import { find, setGlobal } from '../support/dom.js';
import {
  api,
  container,
  cover,
  errors,
  launch,
  pill,
  presence,
  problem,
  reloads,
  running,
  says,
  sockets,
  tab,
  until,
  worker,
  workers,
} from '../support/running-shell.js';

describe('a tunnel worker that ends', () => {
  const crash = (): void => worker().onerror?.({ message: 'injected' });

  test('is told to all who wait for something of it, and followed by another', async () => {
    const shell = await running();
    const channel = new BroadcastChannel(TUNNEL_LOST_CHANNEL);
    const told = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
    crash();
    expect(await told).toBe(shell.tab);
    channel.close();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
    expect(container.controller?.kinds()).toContain('tunnel-lost');
    await until('the new one has its port', () => worker().kinds().includes('service-worker'));
    await jest.advanceTimersByTimeAsync(100);
    expect(pill()).toBe('Connection lost');
    expect(problem()).toBeUndefined();
  });

  test('is said once in the console, with the reason', async () => {
    await running();
    crash();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('injected');
  });

  test('has a successor whose link is a new one for the server, too', async () => {
    await running();
    crash();
    says({ kind: 'link', id: 'b'.repeat(32) });
    expect(sockets[0]?.closedWith).toBe(CloseCode.LEAVING);
    expect(sockets).toHaveLength(2);
  });

  test('leaves a shell that goes on, and hears of the end of the session', async () => {
    await running();
    crash();
    says({ kind: 'trouble', code: 'SESSION_ENDED' });
    expect(problem()).toBe('SESSION_ENDED');
  });

  test('too often covers the app for good', async () => {
    await running();
    for (let count = 0; count <= BROWSER_LIMITS.maxWorkerRestarts; count += 1) crash();
    expect(problem()).toBe('TUNNEL_CRASHED');
    presence({ online: false });
    expect(problem()).toBe('TUNNEL_CRASHED');
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    expect(api().tunnels).toBe(true);
  });
});

describe('a service worker that hangs', () => {
  const HANG_MS =
    BROWSER_LIMITS.serviceWorkerQuestionMs * (BROWSER_LIMITS.serviceWorkerUnanswered + 2);

  async function hang(): Promise<void> {
    const { controller } = container;
    if (controller !== null) controller.instance = undefined;
    // The tunnel worker goes on.
    for (let passed = 0; passed < HANG_MS; passed += BROWSER_LIMITS.workerQuestionMs) {
      says({ kind: 'status', status: NO_LINK });
      await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.workerQuestionMs);
    }
  }

  test('has the tab loaded anew without it', async () => {
    await running();
    await hang();
    expect([container.unregistered, reloads]).toEqual([1, 1]);
    expect(errors).toHaveLength(1);
  });

  test('once more is a problem that only a person can solve', async () => {
    tab.sessionStorage.setItem('wingman.hung', String(Date.now()));
    await running();
    await hang();
    expect(reloads).toBe(0);
    expect(problem()).toBe('TUNNEL_CRASHED');
  });
});

describe('what the workers ask of the shell', () => {
  test('is to write cookies, and to keep the service worker alive', async () => {
    await running();
    const { port1, port2 } = new MessageChannel();
    says({ kind: 'site-data', change: { lines: ['a=1'], clears: false }, reply: port2 });
    expect(tab.document.cookie).toBe('a=1');
    port1.close();
    says({ kind: 'keep-alive' });
    await until('the instance is known', () => worker().kinds().includes('service-worker-alive'));
  });

  test('is to show that the tab has nothing but a file in it', async () => {
    let isClosed = false;
    setGlobal('close', () => (isClosed = true));
    await launch();
    container.says({ kind: 'wingman-file', isSaved: false });
    expect(find(cover(), 'h1').textContent).toBe('A file is on its way');
    container.says({ kind: 'wingman-file', isSaved: true });
    expect(find(cover(), 'h1').textContent).toBe('The file is here');
    expect(isClosed).toBe(true);
  });

  test('is nothing about files in a tab that shows an app', async () => {
    await running();
    container.says({ kind: 'wingman-file', isSaved: true });
    expect(cover().hasAttribute('hidden')).toBe(true);
  });
});

describe('what happens to the tab', () => {
  const pageEvent = (type: string, persisted: boolean): Event =>
    Object.assign(new tab.Event(type), { persisted });

  test('wakes the paths when somebody looks at it again', async () => {
    await running();
    const before = worker().kinds().length;
    tab.dispatchEvent(new tab.Event('online'));
    expect(worker().kinds().slice(before)).toContain('wake');
  });

  test('is told to the server when it is closed for good, and not when it may come back', async () => {
    await running();
    tab.dispatchEvent(pageEvent('pagehide', true));
    expect(sockets[0]?.closedWith).toBeUndefined();
    tab.dispatchEvent(pageEvent('pagehide', false));
    expect(sockets[0]?.closedWith).toBe(CloseCode.LEAVING);
  });

  test('is told to the server when the browser is about to freeze it', async () => {
    await running();
    const before = sockets[0]?.sent.length ?? 0;
    tab.document.dispatchEvent(new tab.Event('freeze'));
    expect(sockets[0]?.sent).toHaveLength(before + 1);
  });
});
