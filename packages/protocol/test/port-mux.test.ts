import { afterEach, describe, expect, test } from '@jest/globals';
import { WingmanError } from '../src/errors.js';
import { PORT_LIMITS } from '../src/limits.js';
import { PortMux, serveStreams, type PortStream } from '../src/ports/index.js';
import { FakeClock, settle } from './support/fake-clock.js';

const SILENT_MS = PORT_LIMITS.signMs * PORT_LIMITS.signLooks;
const open: MessagePort[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** Both ends of a port; the far one keeps what is opened, and is deaf when it is said to be. */
function pair({ isDeaf = false } = {}) {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const clock = new FakeClock();
  const silences: string[] = [];
  const crossed: string[] = [];
  for (const port of [port1, port2]) {
    const post = port.postMessage.bind(port) as (envelope: object, transfer: []) => void;
    port.postMessage = (envelope: object, transfer: unknown) => {
      crossed.push(Object.keys(envelope).at(-1) ?? '');
      post(envelope, transfer as []);
    };
  }
  const accepted: { stream: PortStream<string, string>; opening: string; heard: string[] }[] = [];
  const near = new PortMux<string, string, string>(port1, {
    clock,
    onSilence: () => silences.push('silent'),
  });
  if (!isDeaf) {
    serveStreams(port2, (stream: PortStream<string, string>, opening: string) => {
      const heard: string[] = [];
      stream.onmessage = ({ data }) => heard.push(data);
      accepted.push({ stream, opening, heard });
    });
  }
  return { near, accepted, clock, silences, crossed, far: port2 };
}

function listen(stream: PortStream<string, string>) {
  const heard: string[] = [];
  const failures: string[] = [];
  stream.onmessage = ({ data }) => heard.push(data);
  stream.onfailure = ({ code }) => failures.push(code);
  return { heard, failures };
}

/** Lets messages cross. */
async function cross(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await settle();
}

describe('streams on one port', () => {
  test('carry messages both ways, each its own', async () => {
    const { near, accepted } = pair();
    const [one, two] = [near.open('one'), near.open('two')];
    const [first, second] = [listen(one), listen(two)];
    one.postMessage('a');
    two.postMessage('b');
    await cross();
    expect(accepted.map(({ opening, heard }) => [opening, heard])).toEqual([
      ['one', ['a']],
      ['two', ['b']],
    ]);
    accepted[1]?.stream.postMessage('answer');
    await cross();
    expect([first.heard, second.heard]).toEqual([[], ['answer']]);
  });

  test('that are closed say and hear nothing more', async () => {
    const { near, accepted } = pair();
    const stream = near.open('one');
    const { heard, failures } = listen(stream);
    await cross();
    stream.close();
    stream.postMessage('late');
    accepted[0]?.stream.postMessage('answer');
    await cross();
    expect([heard, accepted[0]?.heard]).toEqual([[], []]);
    near.close(new WingmanError('LINK_LOST', 'gone'));
    expect(failures).toEqual([]);
  });

  test('fail with the reason when the port is closed, and so do those opened later', async () => {
    const { near, accepted } = pair();
    const before = listen(near.open('before'));
    near.close(new WingmanError('LINK_LOST', 'gone'));
    expect(before.failures).toEqual(['LINK_LOST']);
    const after = listen(near.open('after'));
    await cross();
    expect(after.failures).toEqual(['LINK_LOST']);
    expect(accepted.map(({ opening }) => opening)).toEqual(['before']);
  });

  test('a port whose place another has taken stays until its last stream is closed', async () => {
    const { near, accepted } = pair();
    const stream = near.open('one');
    const { heard, failures } = listen(stream);
    near.retire();
    await cross();
    accepted[0]?.stream.postMessage('answer');
    await cross();
    expect(heard).toEqual(['answer']);
    stream.close();
    const late = listen(near.open('late'));
    await cross();
    expect([failures, late.failures]).toEqual([[], ['LINK_LOST']]);
  });
});

describe('the other end’s sign of life', () => {
  /** Lets this many looks pass, with time for an answer after each. */
  async function look(clock: FakeClock, looks: number): Promise<void> {
    for (let each = 0; each < looks; each += 1) {
      await clock.advance(PORT_LIMITS.signMs);
      await cross();
    }
  }

  test('is given when it is asked for, however long the answer takes', async () => {
    const { near, clock, silences } = pair();
    const { failures } = listen(near.open('slow'));
    await look(clock, 10 * PORT_LIMITS.signLooks);
    expect([failures, silences]).toEqual([[], []]);
    expect(clock.timers).toBe(0);
  });

  test('is the answer itself where that comes soon: nothing else crosses, and one timer is for all', async () => {
    const { near, accepted, clock, crossed } = pair();
    const streams = ['one', 'two', 'three'].map((opening) => near.open(opening));
    streams.forEach(listen);
    await cross();
    expect(clock.timers).toBe(1);
    // An answer on the last stream shows that the other end has seen the earlier ones.
    accepted[2]?.stream.postMessage('answer');
    await cross();
    await look(clock, 1);
    expect(crossed).toEqual(['opening', 'opening', 'opening', 'message']);
    expect(clock.timers).toBe(0);
  });

  test('may come as earlier versions gave it', async () => {
    const { near, clock, far } = pair({ isDeaf: true });
    const { heard, failures } = listen(near.open('one'));
    far.postMessage({ stream: 1, isAccepted: true });
    await cross();
    await clock.advance(2 * SILENT_MS);
    expect([heard, failures]).toEqual([[], []]);
  });

  test('is waited for as long for a stream that was opened between two looks', async () => {
    const { near, clock } = pair({ isDeaf: true });
    near.open('one').close();
    await clock.advance(PORT_LIMITS.signMs - 1);
    const { failures } = listen(near.open('two'));
    await clock.advance(SILENT_MS);
    expect(failures).toEqual([]);
    await clock.advance(PORT_LIMITS.signMs);
    expect(failures).toEqual(['LINK_LOST']);
  });

  test('is missed in time: all streams fail with LINK_LOST, and nothing is waited for', async () => {
    const { near, clock, silences } = pair({ isDeaf: true });
    const streams = [listen(near.open('one')), listen(near.open('two'))];
    await clock.advance(SILENT_MS - 1);
    expect(streams.map(({ failures }) => failures)).toEqual([[], []]);
    await clock.advance(1);
    expect(streams.map(({ failures }) => failures)).toEqual([['LINK_LOST'], ['LINK_LOST']]);
    expect(silences).toEqual(['silent']);
    expect(clock.timers).toBe(0);
  });

  test('is looked for anew after a sleep of the machine', async () => {
    const { near, clock } = pair();
    const { failures } = listen(near.open('one'));
    // The timer is the first to go on.
    clock.jump(100 * SILENT_MS);
    clock.runDue();
    await cross();
    await clock.advance(SILENT_MS);
    expect(failures).toEqual([]);
  });

  test('is not missed of a stream that was closed', async () => {
    const { near, clock, silences } = pair({ isDeaf: true });
    near.open('one').close();
    await clock.advance(2 * SILENT_MS);
    expect(silences).toEqual([]);
  });
});
