import { afterEach, describe, expect, test } from '@jest/globals';
import type { ProblemCode } from '@wingman/protocol';
import { KEPT_MARK } from '../../src/shared/shell-api.js';
import { KeptShell } from '../../src/shell/kept-shell.js';
import { closeTabs, openTab } from '../support/dom.js';
import { settle } from '../support/fake-clock.js';

afterEach(closeTabs);

/** A shell that was kept or not, and a service worker that hears it or doesn't. */
function setUp({ isKept = true, hears = true } = {}) {
  const tab = openTab('https://s.example/');
  if (isKept) tab.document.head.innerHTML = `<meta name="${KEPT_MARK}" content="">`;
  const happened: unknown[] = [];
  tab.location.reload = () => void happened.push('reload');
  const has = (order: unknown): Promise<boolean> => {
    happened.push(order);
    return Promise.resolve(hears);
  };
  const shell = new KeptShell(tab, { serviceWorker: { has } }, (code) => happened.push(code));
  return { shell, happened };
}

describe('a shell of an earlier visit', () => {
  test.each<ProblemCode>(['SESSION_UNKNOWN', 'SESSION_ENDED', 'HANDSHAKE_FAILED'])(
    'that meets %s is loaded anew from the server, once',
    async (code) => {
      const { shell, happened } = setUp();
      expect(shell.doubts(code)).toBe(true);
      await settle();
      expect(happened).toEqual([{ kind: 'forget-shell' }, 'reload']);
      expect(shell.doubts(code)).toBe(false);
    },
  );

  test('shows the problem when its service worker would answer the same again', async () => {
    const { shell, happened } = setUp({ hears: false });
    expect(shell.doubts('SESSION_UNKNOWN')).toBe(true);
    await settle();
    expect(happened).toEqual([{ kind: 'forget-shell' }, 'SESSION_UNKNOWN']);
  });

  test.each<ProblemCode | null>(['HOST_OFFLINE', 'SERVER_UNREACHABLE', null])(
    'knows as much of %s as the server',
    (code) => {
      expect(setUp().shell.doubts(code)).toBe(false);
    },
  );

  test('is another thing than the server’s own', () => {
    expect(setUp({ isKept: false }).shell.doubts('SESSION_UNKNOWN')).toBe(false);
  });
});
