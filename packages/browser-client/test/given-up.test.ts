import { expect, test } from '@jest/globals';
import { Exchanges, ownerOf } from '../src/service-worker/exchanges.js';
import { GivenUp } from '../src/service-worker/given-up.js';
import type { TunnelFetch } from '../src/service-worker/tunnel-fetch.js';
import { REQUEST_ID } from '../src/shared/request-fields.js';

function exchange() {
  const aborted: string[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const fake = { abort: ({ code }: { code: string }) => void aborted.push(code), done };
  return { fake: fake as unknown as TunnelFetch, aborted, finish };
}

const numbered = (id: string): Request =>
  new Request('http://app.test/', { headers: { [REQUEST_ID]: id } });

test('a request is given up by its id, before or after it has begun, and no other is', () => {
  const [one, two, late] = [exchange(), exchange(), exchange()];
  const givenUp = new GivenUp();
  givenUp.add(numbered('one'), one.fake);
  givenUp.add(numbered('two'), two.fake);
  givenUp.add(new Request('http://app.test/'), exchange().fake);
  givenUp.giveUp('one');
  givenUp.giveUp('late');
  givenUp.add(numbered('late'), late.fake);
  expect([numbered('one'), numbered('two')].map((each) => givenUp.has(each))).toEqual([
    true,
    false,
  ]);
  expect([one.aborted, two.aborted, late.aborted]).toEqual([['CANCELLED'], [], ['CANCELLED']]);
});

test('what is over is forgotten', async () => {
  const { fake, aborted, finish } = exchange();
  const givenUp = new GivenUp();
  givenUp.add(numbered('one'), fake);
  finish();
  await fake.done;
  await Promise.resolve();
  givenUp.giveUp('one');
  expect(aborted).toEqual([]);
});

test('what takes a signal in place of an exchange has it aborted, until an exchange takes its place', async () => {
  const givenUp = new GivenUp();
  const passedOn = exchange();
  let end: () => void = () => undefined;
  const act = (signal: AbortSignal): Promise<AbortSignal> =>
    new Promise((resolve) => (end = () => resolve(signal)));
  const aborted = givenUp.during(numbered('one'), act);
  givenUp.giveUp('one');
  end();
  expect((await aborted).aborted).toBe(true);

  const replaced = givenUp.during(numbered('two'), act);
  givenUp.add(numbered('two'), passedOn.fake);
  end();
  await replaced;
  await Promise.resolve();
  givenUp.giveUp('two');
  expect((await replaced).aborted).toBe(false);
  expect(passedOn.aborted).toEqual(['CANCELLED']);
});

test('what a client has asked ends with it, unless it is to outlive it', async () => {
  const gone = new Set<string>();
  const exchanges = new Exchanges(
    () => Promise.resolve(false),
    (id) => Promise.resolve(gone.has(id)),
  );
  const [asked, beacon] = [exchange(), exchange()];
  const plain = new Request('http://app.test/');
  exchanges.add('tab', asked.fake, ownerOf(plain, 'page'));
  const kept = new Request('http://app.test/', { keepalive: true });
  exchanges.add('tab', beacon.fake, ownerOf(kept, 'page'));
  await exchanges.sweep();
  expect(asked.aborted).toEqual([]);
  gone.add('page');
  await exchanges.sweep();
  expect([asked.aborted, beacon.aborted]).toEqual([['CANCELLED'], []]);
  asked.finish();
  beacon.finish();
});

test('what goes through a tunnel that was lost ends at once, and nothing of other tabs', () => {
  const exchanges = new Exchanges(
    () => Promise.resolve(false),
    () => Promise.resolve(false),
  );
  const [mine, more, other] = [exchange(), exchange(), exchange()];
  exchanges.add('tab', mine.fake);
  exchanges.add('tab', more.fake);
  exchanges.add('another', other.fake);
  exchanges.end('tab', 'the tunnel worker has ended');
  exchanges.end('unknown', 'nobody knows it');
  expect([mine.aborted, more.aborted, other.aborted]).toEqual([['LINK_LOST'], ['LINK_LOST'], []]);
  for (const { finish } of [mine, more, other]) finish();
});
