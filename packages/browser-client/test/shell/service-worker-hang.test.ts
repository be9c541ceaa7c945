import { describe, expect, jest, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { eventually } from '../support/linked-host.js';
import {
  clock,
  container,
  forgetTold,
  registered,
  tab,
  told,
} from '../support/service-worker-host.js';
import { FakeServiceWorker } from '../support/service-workers.js';

const { serviceWorkerQuestionMs, serviceWorkerUnanswered } = BROWSER_LIMITS;
const HANG_MS = serviceWorkerQuestionMs * (serviceWorkerUnanswered + 1);

function look(visibilityState: DocumentVisibilityState): void {
  Object.defineProperty(tab.document, 'visibilityState', {
    value: visibilityState,
    configurable: true,
  });
}

describe('a service worker that hangs', () => {
  test('is unregistered when too many questions had no answer, and the shell told', async () => {
    const { worker } = await registered();
    worker.instance = undefined;
    await clock.advance(HANG_MS - 1);
    expect([container.unregistered, told]).toEqual([0, []]);
    await clock.advance(1);
    expect([container.unregistered, told]).toEqual([1, [['hang', false]]]);
    expect(worker.kinds()).toEqual(new Array(serviceWorkerUnanswered).fill('keep-alive'));
  });

  test('a second time within minutes is hopeless', async () => {
    for (const isHopeless of [false, true]) {
      const { worker } = await registered();
      worker.instance = undefined;
      forgetTold();
      await clock.advance(HANG_MS);
      expect(told).toEqual([['hang', isHopeless]]);
    }
  });

  test('again after a long time is not', async () => {
    const now = jest.spyOn(Date, 'now');
    for (const time of [1_000_000, 1_000_000 + BROWSER_LIMITS.serviceWorkerRestartMs]) {
      now.mockReturnValue(time);
      const { worker } = await registered();
      worker.instance = undefined;
      forgetTold();
      await clock.advance(HANG_MS);
      expect(told).toEqual([['hang', false]]);
    }
  });

  test('is hopeless where nothing can be kept over a reload', async () => {
    Object.defineProperty(tab, 'sessionStorage', {
      get: () => {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
    const { worker } = await registered();
    worker.instance = undefined;
    await clock.advance(HANG_MS);
    expect(told).toEqual([['hang', true]]);
  });

  test('is none that answers', async () => {
    const { worker } = await registered();
    for (let question = 0; question < 20; question += 1) {
      await clock.advance(serviceWorkerQuestionMs);
      await eventually(() => worker.heard.length > question);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect([container.unregistered, told]).toEqual([0, []]);
  });

  test('is not looked for in a tab that nobody sees: it may sleep', async () => {
    const { worker } = await registered();
    worker.instance = undefined;
    look('hidden');
    await clock.advance(10 * HANG_MS);
    expect(worker.heard).toEqual([]);
    look('visible');
    await clock.advance(HANG_MS);
    expect(told).toEqual([['hang', false]]);
  });

  test('is not accused of what was asked before a sleep', async () => {
    const { made, worker } = await registered();
    worker.instance = undefined;
    await clock.advance(HANG_MS - 1);
    made.woken();
    await clock.advance(HANG_MS - serviceWorkerQuestionMs);
    expect(told).toEqual([]);
  });

  test('is none that another has replaced: that one is asked from then on', async () => {
    const { worker } = await registered();
    const next = new FakeServiceWorker();
    worker.instance = undefined;
    worker.state = 'redundant';
    container.active = next;
    await clock.advance(HANG_MS);
    expect([container.unregistered, told]).toEqual([0, []]);
    container.controller = null;
    await clock.advance(serviceWorkerQuestionMs);
    expect(next.kinds()).toEqual(['keep-alive']);
  });

  test('is not looked for once the session is over', async () => {
    const { made, worker } = await registered();
    const over = made.endApp();
    container.says({ kind: 'wingman-app-worker-state' });
    await over;
    worker.instance = undefined;
    await clock.advance(10 * HANG_MS);
    expect(told).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
