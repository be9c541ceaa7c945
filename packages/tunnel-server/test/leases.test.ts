import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred, WingmanError } from '@wingman/protocol';
import type { Claim, Directory } from '../src/cluster/directory.js';
import { Leases } from '../src/cluster/leases.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock, settle } from './support/fake-clock.js';

const NODE = 'http://node-1';
const FIRST: Claim = { node: NODE, instance: 'run-1', takeOver: false };

let clock: FakeClock;
let log: unknown[];
let here: Set<string>;
/** The way in which the directory answers the next questions. */
let answers: {
  claim: () => Promise<void>;
  renew: () => Promise<boolean>;
  release: () => Promise<void>;
  leave: () => Promise<void>;
};
let isAwayFromAll: boolean;
let leases: Leases;

beforeEach(() => {
  clock = new FakeClock();
  log = [];
  here = new Set(['a', 'b']);
  isAwayFromAll = false;
  answers = {
    claim: () => Promise.resolve(),
    renew: () => Promise.resolve(true),
    release: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  };
  const noted =
    (what: 'claim' | 'release' | 'leave') =>
    (name: string, claim: Claim): Promise<unknown> => {
      log.push([what, name, claim.instance]);
      return answers[what]();
    };
  const renew = async (claims: ReadonlyMap<string, Claim>): Promise<Set<string>> => {
    for (const [name, { instance }] of claims) log.push(['renew', name, instance]);
    return new Set((await answers.renew()) ? [] : claims.keys());
  };
  const directory = {
    ...{ claim: noted('claim'), renew },
    ...{ release: noted('release'), leave: noted('leave') },
  };
  leases = new Leases({
    directory: directory as unknown as Directory,
    ...{ node: NODE, clock },
    logger: { warn: (fields: unknown) => void log.push(['warn', fields]) },
    isHere: (name) => here.has(name),
    lost: (name) => void log.push(['lost', name]),
    cutOff: (name) => void log.push(['cut off', name]),
    isAwayFromAll: () => Promise.resolve(isAwayFromAll),
  });
});

const news = (): unknown[] => log.splice(0);

describe('a name', () => {
  test('is claimed once: where its session is here, the session decides', async () => {
    await leases.take('a', 'run-1', false);
    await leases.take('a', 'run-2', true);
    expect(news()).toEqual([['claim', 'a', 'run-1']]);
  });

  test('whose session has gone is claimed anew', async () => {
    await leases.take('a', 'run-1', false);
    here.delete('a');
    await leases.take('a', 'run-2', false);
    expect(news()).toEqual([
      ['claim', 'a', 'run-1'],
      ['claim', 'a', 'run-2'],
    ]);
  });

  test('that another node has is neither taken nor renewed', async () => {
    answers.claim = () => Promise.reject(new WingmanError('NAME_IN_USE', 'taken'));
    const refused = leases.take('a', 'run-1', false);
    await expect(refused).rejects.toMatchObject({ code: 'NAME_IN_USE' });
    news();
    await leases.renew();
    expect(news()).toEqual([]);
  });

  test('that is claimed anew while a renewal is under way is not lost by that renewal', async () => {
    await leases.take('a', 'run-1', false);
    const answer = deferred<boolean>();
    answers.renew = () => answer.promise;
    const renewal = leases.renew();
    leases.giveUp('a');
    await leases.take('a', 'run-1', false);
    answer.resolve(false);
    await renewal;
    expect(news()).not.toContainEqual(['lost', 'a']);
    answers.renew = () => Promise.resolve(false);
    await leases.renew();
    expect(news()).toContainEqual(['lost', 'a']);
  });

  test('is renewed with the run that the session has taken', async () => {
    await leases.take('a', FIRST.instance, false);
    leases.confirm('a', 'run-2');
    leases.confirm('unknown', 'run-9');
    news();
    await leases.renew();
    expect(news()).toEqual([['renew', 'a', 'run-2']]);
  });

  test('is given up at once, and renewed no more', async () => {
    await leases.take('a', 'run-1', false);
    leases.giveUp('a');
    leases.giveUp('a');
    await leases.renew();
    expect(news().slice(1)).toEqual([['release', 'a', 'run-1']]);
  });
});

describe('a renewal', () => {
  test('comes again and again, until the end', async () => {
    await leases.take('a', 'run-1', false);
    news();
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(SERVER_LIMITS.leaseRenewalMs);
      await settle();
    }
    expect(news().length).toBe(3);
    await leases.close();
    expect(news()).toEqual([['release', 'a', 'run-1']]);
    clock.advance(SERVER_LIMITS.leaseRenewalMs * 2);
    await settle();
    expect(news()).toEqual([]);
  });

  test('gives up a name that has no session here', async () => {
    await leases.take('a', 'run-1', false);
    await leases.take('b', 'run-1', false);
    news();
    here.delete('a');
    await leases.renew();
    expect(news()).toEqual([
      ['release', 'a', 'run-1'],
      ['renew', 'b', 'run-1'],
    ]);
  });

  test('that is refused ends the session here, once', async () => {
    await leases.take('a', 'run-1', false);
    answers.renew = () => Promise.resolve(false);
    await leases.renew();
    await leases.renew();
    expect(news().slice(1)).toEqual([
      ['renew', 'a', 'run-1'],
      ['lost', 'a'],
    ]);
  });

  test('names that are left are not given up after that: their hosts take them elsewhere', async () => {
    await leases.take('a', 'run-1', false);
    await leases.take('b', 'run-2', false);
    news();
    await leases.leave();
    leases.giveUp('a');
    await leases.renew();
    await leases.close();
    expect(news()).toEqual([
      ['leave', 'a', 'run-1'],
      ['leave', 'b', 'run-2'],
    ]);
  });

  test('a directory that is away holds up no leave', async () => {
    await leases.take('a', 'run-1', false);
    answers.leave = () => Promise.reject(new WingmanError('DIRECTORY_AWAY', 'no answer'));
    await expect(leases.leave()).resolves.toBeUndefined();
  });

  test('a directory that takes no release holds up no end', async () => {
    await leases.take('a', 'run-1', false);
    answers.release = () => Promise.reject(new WingmanError('DIRECTORY_AWAY', 'no answer'));
    await expect(leases.close()).resolves.toBeUndefined();
  });
});

describe('a lease that can’t be renewed', () => {
  const away = (): Promise<never> =>
    Promise.reject(new WingmanError('DIRECTORY_AWAY', 'no answer'));
  const kinds = (): unknown[] => news().map((entry) => (entry as unknown[])[0]);
  const { leaseMs, leaseRenewalMs } = SERVER_LIMITS;

  beforeEach(async () => {
    await leases.take('a', 'run-1', false);
    answers.renew = away;
    news();
  });

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += leaseRenewalMs) {
      clock.advance(leaseRenewalMs);
      await settle();
    }
  }

  test('is served to its end and no longer, and renewed no more', async () => {
    await pass(leaseMs - leaseRenewalMs);
    expect(kinds()).not.toContain('cut off');
    await pass(leaseRenewalMs);
    expect(news()).toContainEqual(['cut off', 'a']);
    await pass(leaseMs);
    expect(news()).toEqual([]);
  });

  test('goes on when it could be renewed in time', async () => {
    await pass(leaseRenewalMs);
    answers.renew = () => Promise.resolve(true);
    await pass(leaseRenewalMs);
    answers.renew = away;
    await pass(leaseMs - leaseRenewalMs);
    expect(kinds()).not.toContain('cut off');
    await pass(leaseRenewalMs);
    expect(kinds()).toContain('cut off');
  });

  test('goes on while the directory is away from all nodes, and from then on for a lease', async () => {
    isAwayFromAll = true;
    await pass(10 * leaseMs);
    expect(kinds()).not.toContain('cut off');
    isAwayFromAll = false;
    await pass(leaseMs - leaseRenewalMs);
    expect(kinds()).not.toContain('cut off');
    await pass(leaseRenewalMs);
    expect(kinds()).toContain('cut off');
  });

  test('counts from the question: a late answer makes it no longer', async () => {
    let answerLate = (): void => undefined;
    answers.renew = () => new Promise((resolve) => (answerLate = () => resolve(true)));
    await pass(leaseRenewalMs);
    clock.advance(leaseRenewalMs - 1);
    answerLate();
    await settle();
    answers.renew = away;
    clock.advance(1);
    await settle();
    await pass(leaseMs - leaseRenewalMs);
    expect(kinds()).toContain('cut off');
  });

  test('ends on time also when nobody has answered yet whether it may go on', async () => {
    await pass(leaseRenewalMs);
    answers.renew = () => new Promise(() => undefined);
    clock.advance(leaseMs - 1 - clock.now());
    expect(kinds()).not.toContain('cut off');
    clock.advance(1);
    expect(kinds()).toEqual(['cut off']);
    expect(clock.pending).toHaveLength(1);
  });

  test('ends with its own time, beside one that began later', async () => {
    clock.advance(500);
    answers.claim = () => Promise.resolve();
    await leases.take('b', 'run-2', false);
    news();
    await pass(leaseMs - leaseRenewalMs);
    clock.advance(1_500);
    expect(news().at(-1)).toEqual(['cut off', 'a']);
    clock.advance(500);
    await settle();
    expect(news()).toContainEqual(['cut off', 'b']);
  });

  test('is not waited for when the server has closed', async () => {
    let fail = (): void => undefined;
    answers.renew = () =>
      new Promise((_, reject) => (fail = () => reject(new WingmanError('DIRECTORY_AWAY', 'late'))));
    await pass(leaseRenewalMs);
    await leases.close();
    fail();
    await settle();
    expect(clock.pending).toEqual([]);
  });

  test('is claimed anew when its host comes back', async () => {
    await pass(leaseMs);
    here.delete('a');
    news();
    await leases.take('a', 'run-1', false);
    expect(news()).toEqual([['claim', 'a', 'run-1']]);
  });

  test('has one line in the log for all of them, without a name', async () => {
    await leases.take('b', 'run-2', false);
    news();
    await leases.renew();
    expect(news().at(-1)).toEqual(['warn', { sessions: 2, goesOn: false }]);
  });
});
