import { describe, expect, jest, test } from '@jest/globals';
import { CloseCode, EndReason } from '@wingman/protocol';
import { parseBoot } from '../../src/shared/boot.js';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { KEPT_MARK } from '../../src/shared/shell-api.js';
import { Shell } from '../../src/shell/shell.js';
import { find, setGlobal } from '../support/dom.js';
import {
  api,
  APP,
  arrive,
  begun,
  container,
  cover,
  database,
  frameUrl,
  launch,
  LINK,
  pill,
  presence,
  problem,
  reloads,
  running,
  says,
  sockets,
  steps,
  tab,
  until,
  worker,
} from '../support/running-shell.js';

describe('the start', () => {
  test('gives the service worker a way to the tunnel before the frame loads the app', async () => {
    const shell = await launch();
    expect(container.controller?.heard[0]).toMatchObject({
      ...{ kind: 'shell', tab: shell.tab, expects: APP },
    });
    await until('the worker has its port', () => worker().kinds().includes('service-worker'));
    expect(worker().posted[0]).toEqual({ kind: 'tab', tab: shell.tab });
    expect(frameUrl).toBe(APP);
  });

  test('takes the key out of the address bar and keeps it; the app’s fragment stays', async () => {
    arrive(`${LINK}#part`);
    await launch();
    expect(tab.location.href).toBe(`${APP}#part`);
    expect([...database.records.values()]).toEqual([expect.any(CryptoKey)]);
    expect(Object.keys(tab.localStorage)).toEqual([]);
    expect(frameUrl).toBe(`${APP}#part`);
  });

  test('shows progress when it takes long enough to be noticed', async () => {
    await launch();
    expect(steps()).toEqual([]);
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.progressDelayMs);
    expect(steps()).toEqual(['done', 'now', '']);
    says({ kind: 'connected' });
    expect(steps()).toEqual(['done', 'done', 'now']);
  });

  test('ends when a document of the app reports: it is mirrored, and the pill shows the path', async () => {
    await running();
    expect(cover().hasAttribute('hidden')).toBe(true);
    expect(tab.document.title).toBe('The app');
    expect(pill()).toBe('Relayed 10 ms');
  });

  test('says that it takes too long when the host was not heard in time', async () => {
    await launch();
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.connectMs);
    expect(problem()).toBe('TIMEOUT');
    says({ kind: 'connected' });
    expect(problem()).toBeUndefined();
  });

  test('waits for an app that takes its time, when the host was heard', async () => {
    await launch();
    says({ kind: 'connected' });
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.connectMs);
    expect(problem()).toBeUndefined();
  });

  test('connects to signaling with a pass and the tab’s name', async () => {
    const shell = await launch();
    await until('signaling is there', () => sockets.length === 1);
    const url = new URL(sockets[0]?.url ?? '');
    expect(url.origin + url.pathname).toBe('wss://s.example/__wingman/signal');
    expect(url.searchParams.get('tab')).toBe(shell.tab);
    expect(url.searchParams.get('pass')).toBeTruthy();
  });
});

describe('without a tunnel', () => {
  const start = async (boot: string, early: boolean): Promise<void> => {
    await new Shell(parseBoot(boot), begun(early), '').start();
  };
  const ALLOWED = '{"ingressAllowed":true}';

  test('the page says that the key is missing', async () => {
    arrive(APP);
    await start('{}', false);
    expect(problem()).toBe('KEY_MISSING');
    expect(frameUrl).toBe('');
    expect(api().tunnels).toBe(false);
  });

  test('the app comes through the server where the developer allows it, and the pill says so', async () => {
    arrive(APP);
    await start(ALLOWED, false);
    expect(frameUrl).toBe(APP);
    expect(container.controller?.heard).toMatchObject([{ kind: 'shell', port: null }]);
    api().report({
      ...{ url: APP, title: '', icon: undefined, themeColor: null, viewport: undefined },
    });
    await until('the pill is there', () => pill() === 'Through the server, readable by it');
  });

  test('a browser that runs no service workers is told so', async () => {
    setGlobal('navigator', { languages: [], userAgent: '' });
    await start('{}', false);
    expect(problem()).toBe('UNSUPPORTED');
  });

  test('a browser whose first script has failed is told so', async () => {
    await new Shell(parseBoot('{}'), undefined, '').start();
    expect(problem()).toBe('UNSUPPORTED');
  });

  test('a registration that is refused ends the worker that was started for it', async () => {
    container.controller = null;
    container.active = undefined;
    await start('{}', true);
    expect(worker().isTerminated).toBe(true);
    expect(problem()).toBe('UNSUPPORTED');
    expect(api().tunnels).toBe(false);
  });
});

describe('trouble', () => {
  test('on the way is shown until it is over, while there is no app to see', async () => {
    await launch();
    says({ kind: 'trouble', code: 'HANDSHAKE_FAILED' });
    expect(problem()).toBe('HANDSHAKE_FAILED');
    says({ kind: 'trouble', code: null });
    expect(problem()).toBeUndefined();
  });

  test('with the server is over when signaling is open again', async () => {
    await launch();
    await until('signaling is there', () => sockets.length === 1);
    for (let failure = 0; failure < BROWSER_LIMITS.unreachableAfter; failure += 1) {
      sockets.at(-1)?.ends(1006);
      await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.reconnectMaxMs);
    }
    expect(problem()).toBe('SERVER_UNREACHABLE');
    sockets.at(-1)?.opens();
    expect(problem()).toBeUndefined();
    expect(worker().kinds().at(-1)).toBe('wake');
  });

  test('with the host is over when it is back, and the paths have to prove that they live', async () => {
    await launch();
    await until('signaling is there', () => sockets.length === 1);
    sockets[0]?.opens();
    presence({ online: false });
    expect(problem()).toBe('HOST_OFFLINE');
    const wakes = worker()
      .kinds()
      .filter((kind) => kind === 'wake').length;
    presence({ online: true });
    expect(problem()).toBeUndefined();
    expect(
      worker()
        .kinds()
        .filter((kind) => kind === 'wake'),
    ).toHaveLength(wakes + 1);
  });

  test('is tried away by a click', async () => {
    await launch();
    says({ kind: 'trouble', code: 'HOST_OFFLINE' });
    find(cover(), 'button').click();
    expect(worker().kinds().at(-1)).toBe('wake');
  });
});

describe('the end of the session', () => {
  test('takes the app, the tunnel and the service worker, and says why', async () => {
    await running();
    presence({ sessionEnded: true, endReason: EndReason.STOPPED });
    expect(problem()).toBe('SESSION_STOPPED');
    expect(worker().isTerminated).toBe(true);
    expect(tab.document.querySelector('iframe')).toBeNull();
    container.says({ kind: 'wingman-app-worker-state' });
    await until('it is unregistered', () => container.unregistered === 1);
  });

  test('is the server’s to say where a shell of an earlier visit has not reached the host', async () => {
    tab.document.head.innerHTML = `<meta name="${KEPT_MARK}" content="">`;
    await launch();
    await until('signaling is there', () => sockets.length === 1);
    sockets[0]?.opens();
    presence({ sessionEnded: true, endReason: EndReason.STOPPED });
    expect(problem()).toBeUndefined();
    expect(worker().isTerminated).toBe(false);
  });

  test('is told once: what fails afterwards is no news', async () => {
    await running();
    presence({ sessionEnded: true, endReason: EndReason.EXPIRED });
    presence({ online: false });
    sockets.at(-1)?.ends(CloseCode.SESSION_ENDED);
    expect(problem()).toBe('SESSION_EXPIRED');
  });

  test('is over when the session is back under its name: the tab is loaded anew', async () => {
    await running();
    sockets.at(-1)?.ends(CloseCode.SESSION_ENDED);
    expect(problem()).toBe('SESSION_ENDED');
    await jest.advanceTimersByTimeAsync(BROWSER_LIMITS.reconnectMaxMs);
    sockets.at(-1)?.opens();
    expect(reloads).toBe(0);
    presence({ online: true });
    expect(reloads).toBe(1);
  });
});

test('leaving ends the link and all that could open it again', async () => {
  await running();
  presence({ online: true, secondsLeft: 3600, sharedBy: 'Ada' });
  const root = find(tab.document, 'wingman-pill').shadowRoot;
  root?.querySelector<HTMLButtonElement>('.pill')?.click();
  await jest.advanceTimersByTimeAsync(200);
  expect(root?.textContent).toContain('Shared by Ada.');
  const leave = [...(root?.querySelectorAll('button') ?? [])].at(-1);
  expect(leave?.textContent).toBe('Leave');
  leave?.click();
  expect(sockets.at(-1)?.closedWith).toBe(CloseCode.LEAVING);
  expect(worker().isTerminated).toBe(true);
  expect(tab.document.querySelector('iframe')).toBeNull();
  expect([cover().querySelector('h1')?.textContent, pill()]).toEqual(['You have left', undefined]);
  tab.dispatchEvent(new tab.Event('online'));
  await jest.advanceTimersByTimeAsync(120_000);
  expect([sockets.length, reloads]).toEqual([1, 0]);
});
