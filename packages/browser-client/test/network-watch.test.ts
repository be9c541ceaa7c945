import { expect, test } from '@jest/globals';
import { watchNetwork } from '../src/shell/network-watch.js';

interface Connection extends EventTarget {
  type: string;
}

function setUp() {
  const connection: Connection = Object.assign(new EventTarget(), { type: 'wifi' });
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  const page = Object.assign(new EventTarget(), { document, navigator: { connection } });
  const heard: string[] = [];
  watchNetwork(page as unknown as Window, {
    wake: () => heard.push('wake'),
    seen: (isSeen) => heard.push(isSeen ? 'seen' : 'hidden'),
    doubt: () => heard.push('doubt'),
    leave: (isForGood) => heard.push(isForGood ? 'leave for good' : 'leave'),
    freeze: () => heard.push('freeze'),
  });
  return { page, document, connection, heard };
}

const pageEvent = (type: string, persisted: boolean): Event =>
  Object.assign(new Event(type), { persisted });

test('the network’s return, a look at the tab, and the end of a freeze say: try now', () => {
  const { page, document, heard } = setUp();
  page.dispatchEvent(new Event('online'));
  document.dispatchEvent(new Event('visibilitychange'));
  expect(heard).toEqual(['wake', 'hidden']);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('freeze'));
  document.dispatchEvent(new Event('resume'));
  page.dispatchEvent(pageEvent('pageshow', true));
  expect(heard).toEqual(['wake', 'hidden', 'seen', 'wake', 'freeze', 'wake', 'wake']);
});

test('another kind of network says so too, a mere estimate or an outage only makes doubtful', () => {
  const { connection, heard, page } = setUp();
  connection.dispatchEvent(new Event('change'));
  expect(heard).toEqual(['doubt']);
  connection.type = 'cellular';
  connection.dispatchEvent(new Event('change'));
  connection.dispatchEvent(new Event('change'));
  page.dispatchEvent(new Event('offline'));
  expect(heard).toEqual(['doubt', 'wake', 'doubt', 'doubt']);
});

test('a page that is kept for a return leaves in another way than one that is gone', () => {
  const { page, heard } = setUp();
  page.dispatchEvent(pageEvent('pageshow', false));
  page.dispatchEvent(pageEvent('pagehide', true));
  page.dispatchEvent(pageEvent('pagehide', false));
  expect(heard).toEqual(['leave', 'leave for good']);
});
