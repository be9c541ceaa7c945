import { describe, expect, test } from '@jest/globals';
import { CloseCode, LIMITS } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { ChannelCarrier } from '../../src/worker/channel-carrier.js';
import { PortCarrier } from '../../src/worker/channel-carrier.js';
import { WebSocketCarrier } from '../../src/worker/websocket-carrier.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeDataChannel } from '../support/fake-data-channel.js';
import { FakePort } from '../support/fake-port.js';
import { FakeSocket } from '../support/fake-socket.js';
import type { PumpToShell, PumpToWorker } from '../../src/shared/worker-messages.js';
import { read } from '../support/read-carrier.js';

const ONE = Uint8Array.of(1);
const FULL = new Uint8Array(LIMITS.carrierHighWaterBytes);

describe('a carrier over a WebSocket', () => {
  function setUp() {
    const clock = new FakeClock();
    const ends: number[] = [];
    let socket = new FakeSocket('');
    const carrier = new WebSocketCarrier({
      ...{ url: 'wss://s.example/relay?link=1', clock },
      onEnd: (code) => ends.push(code),
      open: (url) => (socket = new FakeSocket(url)).asWebSocket,
    });
    carrier.connect();
    return { clock, ends, socket, carrier, told: read(carrier) };
  }

  test('opens one socket, for binary messages', () => {
    const { socket, carrier } = setUp();
    carrier.connect();
    expect([socket.url, socket.binaryType]).toEqual([
      'wss://s.example/relay?link=1',
      'arraybuffer',
    ]);
  });

  test('keeps what is sent early, and sends it in order once it is open', () => {
    const { socket, carrier } = setUp();
    carrier.send(Uint8Array.of(1));
    carrier.send(Uint8Array.of(2));
    expect(socket.sent).toEqual([]);
    socket.opens();
    carrier.send(Uint8Array.of(3));
    expect(socket.sent.map(([byte]) => byte)).toEqual([1, 2, 3]);
  });

  test('passes on what comes', () => {
    const { socket, told } = setUp();
    socket.opens();
    socket.gives(Uint8Array.of(7, 8));
    expect(told.at(-1)).toEqual([7, 8]);
  });

  test('ends over a text message, which no relay sends', () => {
    const { socket, told, ends } = setUp();
    socket.opens();
    socket.onmessage?.({ data: 'text' });
    expect([socket.closedWith, told.at(-1), ends]).toEqual([
      CloseCode.PROTOCOL,
      'closed: a text message',
      [CloseCode.PROTOCOL],
    ]);
  });

  test('is not writable while too much waits, whether held here or in the socket', async () => {
    const { socket, carrier, clock, told } = setUp();
    carrier.send(FULL);
    expect(carrier.writable).toBe(false);
    socket.bufferedAmount = FULL.byteLength;
    socket.opens();
    await clock.advance(BROWSER_LIMITS.bufferedPollMs);
    expect([carrier.writable, told]).toEqual([false, []]);
    socket.bufferedAmount = FULL.byteLength - 1;
    await clock.advance(BROWSER_LIMITS.bufferedPollMs);
    expect([carrier.writable, told, clock.timers]).toEqual([true, ['writable'], 0]);
  });

  test('says once that there is room again, and nothing while there was room all along', async () => {
    const { socket, carrier, clock, told } = setUp();
    socket.opens();
    told.length = 0;
    carrier.send(ONE);
    await clock.advance(BROWSER_LIMITS.bufferedPollMs);
    expect([told, clock.timers]).toEqual([[], 0]);
    socket.bufferedAmount = FULL.byteLength;
    carrier.send(ONE);
    carrier.send(ONE);
    socket.bufferedAmount = 0;
    await clock.advance(BROWSER_LIMITS.bufferedPollMs);
    expect([told, clock.timers]).toEqual([['writable'], 0]);
  });

  test('says that there is room when opening has made some', () => {
    const { socket, carrier, told } = setUp();
    carrier.send(FULL);
    socket.opens();
    expect(told).toEqual(['writable']);
  });

  test('is given up when the relay does not answer', async () => {
    const { socket, clock, told, ends } = setUp();
    await clock.advance(BROWSER_LIMITS.socketOpenMs - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['closed: no answer from the relay']);
    expect([socket.closedWith, ends]).toEqual([CloseCode.NORMAL, [CloseCode.NORMAL]]);
  });

  test('that has opened in time has no deadline any more', async () => {
    const { socket, clock, carrier } = setUp();
    socket.opens();
    await clock.advance(2 * BROWSER_LIMITS.socketOpenMs);
    expect(carrier.isClosed).toBe(false);
  });

  test('tells its end once, with the code of the socket, and its reason where there is one', () => {
    const { socket, told, ends } = setUp();
    socket.ends(CloseCode.HOST_OFFLINE);
    socket.ends(1006);
    expect([told, ends]).toEqual([
      [`closed: closed with ${CloseCode.HOST_OFFLINE}`],
      [CloseCode.HOST_OFFLINE],
    ]);
    const other = setUp();
    other.socket.onclose?.({ code: 0, reason: 'why' });
    expect([other.told, other.ends]).toEqual([['closed: why'], [1006]]);
  });

  test.each([
    [CloseCode.NORMAL, 1000],
    [CloseCode.REPLACED, CloseCode.REPLACED],
    [1001, 1000],
  ])('closed with %i sends %i, which browsers allow', (code, sent) => {
    const { socket, carrier, told, ends } = setUp();
    carrier.close(code, 'over');
    expect([socket.closedWith, told, ends]).toEqual([sent, [], [code]]);
    carrier.send(ONE);
    expect(socket.sent).toEqual([]);
  });

  test('closed before it was asked to connect opens nothing', () => {
    let opened = 0;
    const open = (url: string): WebSocket => ((opened += 1), new FakeSocket(url).asWebSocket);
    const carrier = new WebSocketCarrier({ url: 'wss://x', clock: new FakeClock(), open });
    carrier.close(CloseCode.NORMAL, 'over');
    carrier.connect();
    expect(opened).toBe(0);
  });
});

describe('a carrier over a data channel', () => {
  function setUp(channel = new FakeDataChannel()) {
    const events: string[] = [];
    const carrier = new ChannelCarrier(channel.asChannel, {
      onOpen: () => events.push('open'),
      onEnd: () => events.push('end'),
    });
    return { channel, carrier, events, told: read(carrier) };
  }

  test('wants buffers, and to hear of room below the low mark', () => {
    const { channel } = setUp();
    expect(channel.binaryType).toBe('arraybuffer');
    expect(channel.bufferedAmountLowThreshold).toBe(LIMITS.carrierLowWaterBytes);
  });

  test('says that it has opened, also when it was open already', async () => {
    const early = setUp();
    early.channel.onopen?.(new Event('open'));
    expect(early.events).toEqual(['open']);
    const late = setUp(Object.assign(new FakeDataChannel(), { readyState: 'open' }));
    expect(late.events).toEqual([]);
    await settle();
    expect(late.events).toEqual(['open']);
  });

  test('carries bytes both ways, and passes over texts', () => {
    const { channel, carrier, told } = setUp();
    carrier.send(ONE);
    channel.gives(Uint8Array.of(2).buffer);
    channel.gives('text');
    expect([channel.sent, told]).toEqual([[ONE], [[2]]]);
  });

  test('is writable by what the channel has buffered', () => {
    const { channel, carrier, told } = setUp();
    channel.bufferedAmount = LIMITS.carrierHighWaterBytes;
    expect(carrier.writable).toBe(false);
    channel.bufferedAmount -= 1;
    expect(carrier.writable).toBe(true);
    channel.onbufferedamountlow?.(new Event('bufferedamountlow'));
    expect(told).toEqual(['writable']);
  });

  test('ends when the channel takes no more', () => {
    const { channel, carrier, events, told } = setUp();
    channel.isFull = true;
    carrier.send(ONE);
    expect([told, events, channel.closes]).toEqual([
      ['closed: the channel takes no more'],
      ['end'],
      1,
    ]);
  });

  test('tells its end once, whoever has closed it', () => {
    const { channel, carrier, events, told } = setUp();
    carrier.close(CloseCode.NORMAL, 'over');
    channel.onclose?.(new Event('close'));
    expect([events, told]).toEqual([['end'], []]);
    const other = setUp();
    other.channel.onclose?.(new Event('close'));
    other.carrier.close(CloseCode.NORMAL, 'over');
    expect([other.events, other.told]).toEqual([['end'], ['closed: the data channel closed']]);
    other.carrier.send(ONE);
    expect(other.channel.sent).toEqual([]);
  });
});

describe('a carrier over a channel that the shell pumps', () => {
  function setUp() {
    const port = new FakePort<PumpToWorker, PumpToShell>();
    const events: string[] = [];
    const carrier = new PortCarrier(port as unknown as MessagePort, {
      onOpen: () => events.push('open'),
      onEnd: () => events.push('end'),
    });
    return { port, carrier, events, told: read(carrier) };
  }

  test('carries bytes both ways', () => {
    const { port, carrier, events, told } = setUp();
    port.gives({ kind: 'open' });
    carrier.send(ONE);
    port.gives({ kind: 'message', bytes: Uint8Array.of(2).buffer });
    expect(port.posted).toEqual([{ kind: 'send', bytes: ONE }]);
    // The link may need the bytes again.
    expect(port.transferred).toEqual([]);
    expect([events, told]).toEqual([['open'], [[2]]]);
  });

  test('is writable by what has left for the channel', () => {
    const { port, carrier, told } = setUp();
    carrier.send(FULL);
    carrier.send(ONE);
    expect(carrier.writable).toBe(false);
    port.gives({ kind: 'sent', bytes: 1 });
    expect([carrier.writable, told]).toEqual([false, []]);
    port.gives({ kind: 'sent', bytes: FULL.byteLength });
    expect([carrier.writable, told]).toEqual([true, ['writable']]);
  });

  test('tells its end once, whoever has closed it, and hears nothing after', () => {
    const { port, carrier, events, told } = setUp();
    port.gives({ kind: 'closed' });
    carrier.close(CloseCode.NORMAL, 'over');
    expect([events, told, port.onmessage]).toEqual([
      ['end'],
      ['closed: the data channel closed'],
      null,
    ]);
    const other = setUp();
    other.carrier.close(CloseCode.NORMAL, 'over');
    other.carrier.send(ONE);
    expect(other.port.posted).toEqual([{ kind: 'close' }]);
    expect([other.events, other.told]).toEqual([['end'], []]);
  });
});
