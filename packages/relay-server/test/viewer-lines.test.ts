import { expect, test } from '@jest/globals';
import { ViewerLines } from '../src/cli/terminal/viewer-lines.js';
import { HOST_LIMITS } from '../src/limits.js';
import type { ViewerInfo } from '../src/tunnel/host-types.js';
import { FakeClock } from './support/fake-clock.js';

const ANN = 'a'.repeat(32);
const BEN = 'b'.repeat(32);
const FIREFOX: ViewerInfo = {
  ...{ viewer: ANN, path: 'relay', rttMs: 12, visitor: 1 },
  ...{ browser: 'Firefox 153 on Linux', address: undefined },
};

function setUp() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const viewers = new ViewerLines({ clock, tell: (mark, text) => lines.push(`${mark} ${text}`) });
  const told = (): string[] => lines.splice(0);
  return { clock, viewers, told };
}

/** One who has come, and of whom that was told. */
function greeted() {
  const all = setUp();
  all.viewers.joined(ANN, 'relay', () => FIREFOX);
  all.viewers.greet(ANN);
  all.told();
  return all;
}

test('somebody is told of when the browser is known', () => {
  const { clock, viewers, told } = setUp();
  const known: ViewerInfo[] = [];
  viewers.joined(ANN, 'relay', () => known[0]);
  clock.advance(HOST_LIMITS.greetMs - 1);
  expect(told()).toEqual([]);
  known.push(FIREFOX);
  viewers.greet(ANN);
  expect(told()).toEqual(['+ viewer 1 joined: Firefox 153 on Linux, over the relay (1 viewer)']);
  clock.advance(60_000);
  expect(told()).toEqual([]);
});

test('somebody who asks for nothing is told of all the same, by the link', () => {
  const { clock, viewers, told } = setUp();
  viewers.joined(ANN, 'relay', () => undefined);
  clock.advance(HOST_LIMITS.greetMs);
  expect(told()).toEqual(['+ viewer aaaaaa joined: over the relay (1 viewer)']);
});

test('a first join says one thing, whatever carries it in between', () => {
  const { clock, viewers, told } = setUp();
  viewers.joined(ANN, 'relay', () => FIREFOX);
  viewers.pathChanged(ANN, 'offline', true);
  viewers.pathChanged(ANN, 'relay', false);
  clock.advance(60_000);
  expect(told()).toEqual(['+ viewer 1 joined: Firefox 153 on Linux, over the relay (1 viewer)']);
});

test('a closed tab says one thing', () => {
  const { clock, viewers, told } = greeted();
  viewers.pathChanged(ANN, 'p2p', false);
  expect(told()).toEqual(['~ viewer 1 is now direct']);
  viewers.pathChanged(ANN, 'relay', true);
  viewers.pathChanged(ANN, 'offline', true);
  clock.advance(HOST_LIMITS.viewerGoodbyeMs);
  viewers.left(ANN, 0);
  clock.advance(60_000);
  expect(told()).toEqual(['- viewer 1 left (no viewers)']);
});

test('a loss that lasts is told, and so is the way back', () => {
  const { clock, viewers, told } = greeted();
  viewers.pathChanged(ANN, 'offline', true);
  clock.advance(HOST_LIMITS.lossMs);
  viewers.pathChanged(ANN, 'relay', false);
  viewers.pathChanged(ANN, 'p2p', false);
  viewers.pathChanged(ANN, 'relay', true);
  clock.advance(HOST_LIMITS.lossMs);
  expect(told()).toEqual([
    '~ viewer 1 lost its connection; waiting for it to come back',
    '~ viewer 1 is back, over the relay',
    '~ viewer 1 is now direct',
    '~ viewer 1 goes on over the relay',
  ]);
});

test('a loss that is made good at once is not worth a line', () => {
  const { clock, viewers, told } = greeted();
  viewers.pathChanged(ANN, 'offline', true);
  clock.advance(HOST_LIMITS.lossMs - 1);
  viewers.pathChanged(ANN, 'relay', false);
  clock.advance(60_000);
  expect(told()).toEqual([]);
});

test('tabs of one browser have its number, and one of their own; a number that is free again is used', () => {
  const { viewers, told } = greeted();
  viewers.joined(BEN, 'p2p', () => ({ ...FIREFOX, viewer: BEN }));
  viewers.greet(BEN);
  expect(told()).toEqual(['+ viewer 1, tab 2 joined: Firefox 153 on Linux, direct (2 viewers)']);
  expect([viewers.mark(ANN), viewers.mark(BEN)]).toEqual(['#1', '#1.2']);
  expect(viewers.counts).toEqual({ viewers: 2, direct: 1 });
  viewers.left(ANN, 1);
  viewers.joined(ANN, 'relay', () => FIREFOX);
  viewers.greet(ANN);
  expect(told().at(-1)).toMatch(/^\+ viewer 1 joined/);
});

test('strangers have no say in what is shown', () => {
  const { viewers, told } = setUp();
  viewers.pathChanged('c'.repeat(32), 'p2p', false);
  viewers.left('c'.repeat(32), 0);
  expect(told()).toEqual([]);
  expect(viewers.name('c'.repeat(32))).toBe('viewer cccccc');
});
