import { expect, test } from '@jest/globals';
import type { Answer } from 'dns-packet';
import { placeOf, recordsOf, SERVICE, type Announced } from '../src/cli/lan/announcement.js';
import { foundIn } from '../src/cli/lan/discover.js';

const SESSION = 'shop-abcdefghijklmnop';
const ANNOUNCED: Announced = {
  ...{ session: SESSION, sharedBy: 'Ada', address: '192.168.1.5', port: 8787, isTls: false },
};
const SENDER = '192.168.1.9';

/** As they come from the network: texts are bytes. */
function received(announced: Announced): Answer[] {
  return recordsOf(announced).map((record) =>
    record.type === 'TXT'
      ? { ...record, data: [record.data].flat().map((text) => Buffer.from(text)) }
      : record,
  );
}

test('an announcement says what, where and who, by the names of DNS-SD', () => {
  expect(recordsOf(ANNOUNCED).map(({ type, name }) => `${type} ${name}`)).toEqual([
    'PTR _services._dns-sd._udp.local',
    `PTR ${SERVICE}`,
    `SRV ${SESSION}.${SERVICE}`,
    `TXT ${SESSION}.${SERVICE}`,
    `A ${SESSION}.local`,
  ]);
});

test('what is found is at the sender, whatever address the announcement has', () => {
  expect(foundIn(received(ANNOUNCED), SENDER)).toEqual([
    { session: SESSION, sharedBy: 'Ada', url: `http://${SENDER}:8787/` },
  ]);
});

test.each([
  ['http://192.168.1.5:8787/__wingman/ingress?token=t', 8787, false],
  ['http://192.168.1.5/', 80, false],
  ['https://192.168.1.5/#k=abc', 443, true],
  ['https://192.168.1.5:80/', 80, true],
])('the place of %s is at port %i', (link, port, isTls) => {
  expect(placeOf(link)).toEqual({ port, isTls });
});

test('a session by TLS is found at https', () => {
  const [found] = foundIn(received({ ...ANNOUNCED, isTls: true }), SENDER);
  expect(found).toMatchObject({ sharedBy: 'Ada', url: `https://${SENDER}:8787/` });
});

test('nobody has to say who shares', () => {
  const [found] = foundIn(received({ ...ANNOUNCED, sharedBy: undefined }), SENDER);
  expect(found).toMatchObject({ session: SESSION, sharedBy: undefined });
});

test('the longest name of who shares is found whole, and a longer one is cut', () => {
  const [longest] = foundIn(received({ ...ANNOUNCED, sharedBy: '\u{1f9d1}'.repeat(30) }), SENDER);
  expect(longest?.sharedBy).toBe('\u{1f9d1}'.repeat(30));
  const [longer] = foundIn(received({ ...ANNOUNCED, sharedBy: 'x'.repeat(200) }), SENDER);
  expect(longer?.sharedBy).toBe('x'.repeat(60));
});

test.each<[string, (record: Answer) => Answer]>([
  ['a goodbye', (record) => ({ ...record, ttl: 0 })],
  ['another kind of service', (record) => ({ ...record, name: `${SESSION}._http._tcp.local` })],
  ['a name that is no session’s', (record) => ({ ...record, name: `Evil\u001b[2J.${SERVICE}` })],
  [
    'a service without a port',
    (record) => (record.type === 'SRV' ? { ...record, data: { ...record.data, port: 0 } } : record),
  ],
])('nothing is found in %s', (_, changed) => {
  expect(foundIn(received(ANNOUNCED).map(changed), SENDER)).toEqual([]);
});
