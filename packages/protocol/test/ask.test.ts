import { afterEach, describe, expect, test } from '@jest/globals';
import { WingmanError } from '../src/errors.js';
import { answer, ask, serve, type ReplyPort } from '../src/ports/index.js';
import { FakeClock, settle } from './support/fake-clock.js';

interface Question {
  text: string;
  reply: ReplyPort<string>;
}

const open: MessagePort[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** Asks over a port whose other end does this with each question. */
function askOver(serveOne: (question: Question) => void, clock = new FakeClock()) {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  port2.onmessage = ({ data }: MessageEvent<Question>) => serveOne(data);
  return ask<string>((reply) => port1.postMessage({ text: 'who?', reply }, [reply]), {
    ...{ deadlineMs: 1_000, clock },
  });
}

describe('a question', () => {
  test('is answered with a value', async () => {
    expect(await askOver(({ text, reply }) => answer(reply, `${text} me`))).toBe('who? me');
  });

  test('is answered with the outcome of some work', async () => {
    const work = (): Promise<string> => Promise.resolve('done');
    expect(await askOver(({ reply }) => void serve(reply, work))).toBe('done');
  });

  test('fails with the code of what the work fails with', async () => {
    const refuse = (): never => {
      throw new WingmanError('REFUSED', 'not to you');
    };
    const outcome = askOver(({ reply }) => void serve(reply, refuse));
    await expect(outcome).rejects.toMatchObject({ code: 'REFUSED', message: 'not to you' });
    const crash = (): Promise<string> => Promise.reject(new TypeError('oh'));
    const crashed = askOver(({ reply }) => void serve(reply, crash));
    await expect(crashed).rejects.toMatchObject({ code: 'INTERNAL', message: 'oh' });
  });

  test('fails with TIMEOUT when nobody answers, and not before', async () => {
    const clock = new FakeClock();
    let outcome: unknown;
    const late: Question[] = [];
    askOver((question) => late.push(question), clock).catch((error: unknown) => (outcome = error));
    await clock.advance(999);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    expect(outcome).toMatchObject({ code: 'TIMEOUT' });
    // An answer after that goes nowhere.
    for (const { reply } of late) answer(reply, 'late');
    await settle();
  });

  test('that can’t be posted fails at once, and leaves no timer', async () => {
    const clock = new FakeClock();
    const post = (): never => {
      throw new TypeError('no such worker');
    };
    await expect(ask(post, { deadlineMs: 1_000, clock })).rejects.toThrow('no such worker');
    expect(clock.timers).toBe(0);
  });

  test('leaves no timer when it is answered', async () => {
    const clock = new FakeClock();
    await askOver(({ reply }) => answer(reply, 'yes'), clock);
    expect(clock.timers).toBe(0);
  });
});
