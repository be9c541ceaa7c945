import { expect, test } from '@jest/globals';
import type { LiveMessage } from '@wingman/inspector';
import { MessageLog } from '../../src/inspector/message-log.js';
import { HOST_LIMITS } from '../../src/limits.js';

const part = (text: string, isLast = true, isText = true) => ({
  bytes: Buffer.from(text),
  isText,
  isLast,
});

test('parts of both directions are put together to messages, in the order in which they end', () => {
  const log = new MessageLog();
  log.add('upload', part('one ', false));
  log.add('download', part('other'));
  log.add('upload', part('message'));
  expect(log.messages).toMatchObject([
    { id: 1, direction: 'download', data: 'other', isText: true, isCut: false },
    { id: 2, direction: 'upload', data: 'one message', bytes: 11 },
  ]);
});

test('what is no text is told in base64', () => {
  const log = new MessageLog();
  log.add('download', { bytes: Buffer.from([0, 255]), isText: false, isLast: true });
  expect(log.messages[0]).toMatchObject({ isText: false, data: 'AP8=', bytes: 2 });
});

test('of a long message the beginning is kept, and its size', () => {
  const log = new MessageLog();
  const bytes = HOST_LIMITS.inspectorMessageBytes + 1;
  log.add('download', part('x'.repeat(bytes)));
  expect(log.messages[0]).toMatchObject({ bytes, isCut: true });
  expect(log.messages[0]?.data).toHaveLength(HOST_LIMITS.inspectorMessageBytes);
});

test('the oldest go: by their number, and by their bytes', () => {
  const many = new MessageLog();
  for (let n = 0; n < HOST_LIMITS.inspectorMessages + 3; n++) many.add('upload', part('x'));
  expect(many.messages).toHaveLength(HOST_LIMITS.inspectorMessages);
  expect(many.dropped).toBe(3);
  const large = new MessageLog();
  for (let n = 0; n < 100; n++) large.add('upload', part('x'.repeat(20_000)));
  expect(large.size).toBeLessThanOrEqual(HOST_LIMITS.inspectorBodyBytes);
  expect(large.messages.at(-1)?.id).toBe(100);
  expect(large.dropped).toBe(100 - large.messages.length);
});

test('a listener hears each later message until it leaves', () => {
  const log = new MessageLog();
  const heard: LiveMessage[] = [];
  log.add('upload', part('before'));
  const leave = log.listen((message) => heard.push(message));
  log.add('upload', part('meanwhile'));
  leave();
  log.add('upload', part('after'));
  expect(heard.map(({ data }) => data)).toEqual(['meanwhile']);
});

test('a log that was cleared takes no memory', () => {
  const log = new MessageLog();
  log.add('upload', part('text'));
  log.clear();
  expect([log.size, log.messages, log.dropped]).toEqual([0, [], 1]);
});
