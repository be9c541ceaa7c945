import { beforeEach, expect, test } from '@jest/globals';
import { WingmanError } from '@wingman/protocol';
import { Announcements } from '../src/cluster/announcements.js';
import { MemoryBulletin, type Announced, type Announcement } from '../src/cluster/bulletin.js';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock, settle } from './support/fake-clock.js';

const OTHER = 'http://other';
const { announceMs, announcementMs, announcedEntries, directoryRetryMs } = SERVER_LIMITS;

let clock: FakeClock;
let bulletin: MemoryBulletin;
let isAway: boolean;
let own: string[];
let heard: (readonly string[])[];
let warnings: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  bulletin = new MemoryBulletin(clock);
  isAway = false;
  own = [];
  heard = [];
  warnings = [];
});

async function start(): Promise<Announcements> {
  const exchange = (node: string, said: Announcement): Promise<Announced> =>
    isAway
      ? Promise.reject(new WingmanError('DIRECTORY_AWAY', 'away'))
      : bulletin.exchange(node, said);
  const announcements = new Announcements({
    ...{ bulletin: { exchange }, node: 'http://own', clock },
    logger: { warn: (fields: unknown) => void warnings.push(fields) },
    own: () => own,
    heard: (denied) => void heard.push(denied),
  });
  await settle();
  return announcements;
}

async function turn(ms: number = announceMs): Promise<void> {
  clock.advance(ms);
  await settle();
}

const say = (...denied: string[]): Promise<Announced> =>
  bulletin.exchange(OTHER, { denied, isGone: false });

test('what this node denies is said at once and again, as it is then', async () => {
  own = ['192.0.2.7'];
  const announcements = await start();
  expect((await say()).get('http://own')).toEqual({ denied: ['192.0.2.7'], isGone: false });
  own = ['192.0.2.8'];
  await turn();
  expect((await say()).get('http://own')?.denied).toEqual(['192.0.2.8']);
  await announcements.close();
  expect((await say()).get('http://own')).toEqual({ denied: ['192.0.2.8'], isGone: true });
  expect(clock.pending).toEqual([]);
});

test('what the others deny is told when it changes, once for all of them', async () => {
  await bulletin.exchange('http://third', { denied: ['b', 'a'], isGone: false });
  await say('c', 'a');
  const announcements = await start();
  await turn();
  expect(heard).toEqual([['a', 'b', 'c']]);
  await say();
  await turn();
  expect(heard[1]).toEqual(['a', 'b']);
  expect(announcements.nodes?.sort()).toEqual([OTHER, 'http://third']);
});

test('while nobody can be asked, what was heard last holds; before that no node is known', async () => {
  await say('a');
  isAway = true;
  const announcements = await start();
  expect(announcements.nodes).toBeUndefined();
  isAway = false;
  await turn();
  expect([announcements.nodes, heard]).toEqual([[OTHER], [['a']]]);
  isAway = true;
  await turn(2 * announcementMs);
  expect([announcements.nodes, heard.length]).toEqual([[OTHER], 1]);
});

test('a node that has said nothing yet tries again soon, and hears in between when it is asked to', async () => {
  isAway = true;
  const announcements = await start();
  await say();
  await turn(directoryRetryMs);
  expect(announcements.nodes).toBeUndefined();
  isAway = false;
  await turn(directoryRetryMs);
  expect(announcements.nodes).toEqual([OTHER]);
  await bulletin.exchange('http://younger', { denied: [], isGone: false });
  await announcements.hear();
  expect(announcements.nodes?.sort()).toEqual([OTHER, 'http://younger']);
  isAway = true;
  await announcements.hear();
  expect(announcements.nodes).toHaveLength(2);
});

test('a bulletin that has forgotten a node changes nothing, until that node has been silent for long', async () => {
  await say('a');
  const announcements = await start();
  bulletin = new MemoryBulletin(clock);
  await turn();
  expect([announcements.nodes, heard.length]).toEqual([[OTHER], 1]);
  await turn(announcementMs);
  expect([announcements.nodes, heard.at(-1)]).toEqual([[], []]);
});

test('a node that has said that it stops is not waited for; what it denied holds', async () => {
  await bulletin.exchange(OTHER, { denied: ['a'], isGone: true });
  const announcements = await start();
  expect([announcements.nodes, heard]).toEqual([[], [['a']]]);
});

test('a list that is too long is said as far as it goes, with one warning', async () => {
  own = Array.from({ length: announcedEntries + 1 }, (_, index) => `10.0.0.0/${index}`);
  await start();
  await turn();
  expect((await say()).get('http://own')?.denied).toHaveLength(announcedEntries);
  expect(warnings).toEqual([{ entries: announcedEntries + 1, announcedEntries }]);
});
