import { describe, expect, test } from '@jest/globals';
import { Entrance } from '../src/entry/entrance.js';
import { createPassphrase, Passphrase } from '../src/entry/passphrase.js';
import { browserName } from '../src/entry/visitor.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
const MINUTE = 60_000;
/** Checks of passphrases are work, and a busy machine takes its time for it. */
const SLOW_MS = 120_000;

describe('an entrance that asks for nothing', () => {
  test('lets everybody in, and turns away who was removed', () => {
    const entrance = new Entrance();
    expect(entrance.isOpen).toBe(true);
    expect([entrance.visit('ann', FIREFOX), entrance.visit('ben', FIREFOX)]).toEqual([
      'admitted',
      'admitted',
    ]);
    expect(entrance.refuse(1)).toBe(true);
    expect([entrance.visit('ann', FIREFOX), entrance.visit('ben', FIREFOX)]).toEqual([
      'refused',
      'admitted',
    ]);
  });
});

describe('an entrance with a passphrase', () => {
  const passphrase = 'grüne Wiese';

  test('lets in who has typed it, and nobody else', async () => {
    const entrance = new Entrance({ passphrase }, new FakeClock());
    expect(entrance.visit('ann', FIREFOX)).toBe('untried');
    await entrance.tryPassphrase('ann', 'gruene Wiese');
    expect(entrance.visit('ann', FIREFOX)).toBe('wrong');
    // The same letters, written with a combining character.
    await entrance.tryPassphrase('ann', ' gru\u0308ne Wiese ');
    expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
    expect(entrance.visit('ben', FIREFOX)).toBe('untried');
    expect(entrance.tries).toEqual({ right: 1, wrong: 1, limited: 0 });
  });

  test('forgets nothing that is right when a slower tab of the same browser is wrong', async () => {
    const entrance = new Entrance({ passphrase }, new FakeClock());
    entrance.visit('ann', FIREFOX);
    await Promise.all([
      entrance.tryPassphrase('ann', passphrase),
      entrance.tryPassphrase('ann', 'something else'),
    ]);
    expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
  });

  test(
    'looks at so many tries of a visitor in a minute, though the last be right',
    async () => {
      const clock = new FakeClock();
      const entrance = new Entrance({ passphrase }, clock);
      const told: number[] = [];
      entrance.on('wrong-passphrase', ({ wrong }) => told.push(wrong));
      entrance.visit('ann', FIREFOX);
      const guesses = Array.from(
        { length: HOST_LIMITS.passphraseGuesses.each },
        (_, n) => `guess ${n}`,
      );
      await Promise.all(guesses.map((guess) => entrance.tryPassphrase('ann', guess)));
      await entrance.tryPassphrase('ann', passphrase);
      expect(entrance.visit('ann', FIREFOX)).toBe('limited');
      expect(entrance.tries).toEqual({ right: 0, wrong: guesses.length, limited: 1 });
      expect(told).toEqual(guesses.map((_, index) => index + 1));
      clock.advance(MINUTE);
      await entrance.tryPassphrase('ann', passphrase);
      expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
    },
    SLOW_MS,
  );

  test('takes no try of somebody who has not come', async () => {
    const entrance = new Entrance({ passphrase }, new FakeClock());
    await entrance.tryPassphrase('ann', passphrase);
    expect(entrance.tries).toEqual({ right: 0, wrong: 0, limited: 0 });
    expect(entrance.visit('ann', FIREFOX)).toBe('untried');
  });

  test('asks the developer only after that', async () => {
    const entrance = new Entrance({ passphrase, asksDeveloper: true }, new FakeClock());
    expect(entrance.visit('ann', FIREFOX)).toBe('untried');
    expect([entrance.waiting, entrance.accept(1)]).toEqual([[], false]);
    await entrance.tryPassphrase('ann', passphrase);
    expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
    expect(entrance.accept(1)).toBe(true);
    expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
  });
});

describe('an entrance whose developer is asked', () => {
  function asking() {
    const clock = new FakeClock();
    const entrance = new Entrance({ asksDeveloper: true }, clock);
    const events: string[] = [];
    entrance.on('visitor', ({ number, standing }) => events.push(`${number} ${standing}`));
    return { clock, entrance, events };
  }

  test('tells of each visitor once, and lets in who is accepted', () => {
    const { entrance, events } = asking();
    for (let round = 0; round < 3; round++) {
      expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
      expect(entrance.visit('ben', 'curl/8')).toBe('waiting');
    }
    expect(entrance.waiting).toEqual([
      { number: 1, browser: 'Firefox 153 on Linux', standing: 'waiting' },
      { number: 2, browser: 'curl/8', standing: 'waiting' },
    ]);
    expect(entrance.accept(2)).toBe(true);
    expect(entrance.visit('ben', 'curl/8')).toBe('admitted');
    expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
    expect(events).toEqual(['1 waiting', '2 waiting', '2 admitted']);
  });

  test('tells where a visitor has come from last, and lets nobody in by that', () => {
    const { entrance } = asking();
    entrance.visit('ann', FIREFOX, '192.0.2.1');
    expect(entrance.waiting[0]?.address).toBe('192.0.2.1');
    entrance.accept(1);
    entrance.visit('ann', FIREFOX, '192.0.2.2');
    entrance.visit('ann', FIREFOX);
    expect(entrance.visitors[0]?.address).toBe('192.0.2.2');
    expect(entrance.visit('ben', FIREFOX, '192.0.2.2')).toBe('waiting');
  });

  test('keeps out who was refused or removed, until the developer thinks better of it', () => {
    const { clock, entrance } = asking();
    entrance.visit('ann', FIREFOX);
    expect(entrance.refuse(1)).toBe(true);
    clock.advance(24 * 60 * MINUTE);
    expect(entrance.visit('ann', FIREFOX)).toBe('refused');
    expect([entrance.refuse(1), entrance.accept(1), entrance.accept(1)]).toEqual([
      ...[false, true, false],
    ]);
    expect(entrance.visit('ann', FIREFOX)).toBe('admitted');
    expect(entrance.refuse(1)).toBe(true);
    expect(entrance.visit('ann', FIREFOX)).toBe('refused');
  });

  test('a number that is nobody’s changes nothing', () => {
    const { entrance, events } = asking();
    expect([entrance.accept(1), entrance.refuse(1)]).toEqual([false, false]);
    expect(events).toEqual([]);
  });

  test('says so when nobody answers, and asks again at the next visit', () => {
    const { clock, entrance, events } = asking();
    for (let waited = 0; waited < HOST_LIMITS.approvalMs; waited += MINUTE) {
      expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
      clock.advance(MINUTE);
    }
    expect(entrance.visit('ann', FIREFOX)).toBe('lapsed');
    expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
    expect(events).toEqual(['1 waiting', '1 new', '1 waiting']);
  });

  test('who has gone waits no longer, and can’t be accepted unseen', () => {
    const { clock, entrance } = asking();
    entrance.visit('ann', FIREFOX);
    clock.advance(HOST_LIMITS.waitingSilenceMs + 1);
    expect(entrance.waiting).toEqual([]);
    expect(entrance.accept(1)).toBe(false);
  });

  test('so many wait at once, and the places of those who have gone are given again', () => {
    const { clock, entrance } = asking();
    const waiting = Array.from({ length: HOST_LIMITS.waitingVisitors }, (_, n) => `visitor ${n}`);
    for (const id of waiting) expect(entrance.visit(id, FIREFOX)).toBe('waiting');
    for (let n = 0; n < 1_500; n++) expect(entrance.visit(`stranger ${n}`, FIREFOX)).toBe('full');
    expect(entrance.visitors).toHaveLength(HOST_LIMITS.visitors);
    expect(entrance.waiting).toHaveLength(waiting.length);
    clock.advance(HOST_LIMITS.waitingSilenceMs + 1);
    expect(entrance.visit('ann', FIREFOX)).toBe('waiting');
    expect(entrance.waiting).toHaveLength(1);
  });
});

describe('what an entrance remembers', () => {
  test('is so many visitors; those who must stay out, and those who are busy, stay', () => {
    const entrance = new Entrance({}, new FakeClock());
    entrance.visit('out', FIREFOX);
    entrance.visit('busy', FIREFOX);
    entrance.refuse(1);
    let ended = 0;
    entrance.bind('busy', () => ended++);
    for (let n = 0; n < 2 * HOST_LIMITS.visitors; n++) {
      expect(entrance.visit(`visitor ${n}`, FIREFOX)).toBe('admitted');
    }
    expect(entrance.visitors).toHaveLength(HOST_LIMITS.visitors);
    expect(entrance.visit('out', FIREFOX)).toBe('refused');
    expect(entrance.refuse(2)).toBe(true);
    expect(ended).toBe(1);
  });

  test('lets in nobody more when all have to be remembered', () => {
    const entrance = new Entrance({}, new FakeClock());
    for (let n = 1; n <= HOST_LIMITS.visitors; n++) {
      entrance.visit(`visitor ${n}`, FIREFOX);
      entrance.refuse(n);
    }
    expect(entrance.visit('ann', FIREFOX)).toBe('full');
  });

  test('an exchange that is over is not ended', () => {
    const entrance = new Entrance();
    entrance.visit('ann', FIREFOX);
    const ended: string[] = [];
    const over = entrance.bind('ann', () => ended.push('over'));
    entrance.bind('ann', () => ended.push('under way'));
    over();
    entrance.refuse(1);
    expect(ended).toEqual(['under way']);
  });
});

describe('a passphrase', () => {
  test(
    'is checked one guess at a time, and no more wait than there is room for',
    async () => {
      const passphrase = new Passphrase('the right one');
      const guesses = Array.from({ length: HOST_LIMITS.passphraseQueue }, () =>
        passphrase.matches('the right one'),
      );
      await expect(passphrase.matches('the right one')).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
      expect(new Set(await Promise.all(guesses))).toEqual(new Set([true]));
      expect(await passphrase.matches('the right on')).toBe(false);
    },
    SLOW_MS,
  );

  test('that is made is of sixty random bits', () => {
    const made = new Set(Array.from({ length: 100 }, createPassphrase));
    expect(made.size).toBe(100);
    for (const text of made) expect(text).toMatch(/^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){2}$/);
  });
});

describe('the name of a browser', () => {
  test.each([
    [FIREFOX, 'Firefox 153 on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0) Chrome/156.0.0.0 Safari/537.36 Edg/156.0',
      'Edge 156 on Windows',
    ],
    ['Mozilla/5.0 (Linux; Android 15) Chrome/156.0.0.0 Mobile', 'Chrome 156 on Android'],
    ['Mozilla/5.0 (iPhone; like Mac OS X) Version/26.1 Mobile/1 Safari/604', 'Safari 26 on iPhone'],
    ['', 'unknown browser'],
    ['x'.repeat(500), 'x'.repeat(40)],
  ])('%s: %s', (userAgent, name) => {
    expect(browserName(userAgent)).toBe(name);
  });

  test('has nothing that a terminal would obey', () => {
    expect(browserName('a\u001b[2Jb\u009b2Jc\r\n\td')).toBe('a[2Jb2Jcd');
  });
});
