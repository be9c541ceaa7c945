import { describe, expect, test } from '@jest/globals';
import { MASK, type Field } from '@wingman/inspector';
import { shownHeads, unmasked } from '../../src/inspector/masks.js';
import { detailOf } from '../../src/inspector/views.js';
import { nobody, recording, type RecordedFields } from '../support/recorded.js';

const record = (fields: RecordedFields) => recording().whole(fields);
const values = (fields: readonly Field[]) => fields.map(({ value }) => value);

describe('what is masked', () => {
  test('is the proof in Authorization, not its scheme', () => {
    const one = record({ headers: ['authorization', 'Bearer abc', 'x-api-key', 'abc', 'a', 'b'] });
    const { asked, sent } = shownHeads(one.facts, false);
    expect(values(asked)).toEqual([`Bearer ${MASK}`, MASK, 'b']);
    expect(sent).toEqual(asked);
    expect(asked.map(({ isSecret }) => isSecret)).toEqual([true, true, undefined]);
  });

  test('is a cookie that the page’s scripts have not sent themselves', () => {
    const one = record({
      headers: ['cookie', 'theme=dark; __Host-wingman-scripted=theme'],
      sent: ['cookie', 'theme=dark; session=secret'],
    });
    const { asked, sent } = shownHeads(one.facts, false);
    expect(values(sent)).toEqual([`theme=dark; session=${MASK}`]);
    expect(values(asked)).toEqual([`theme=dark; __Host-wingman-scripted=${MASK}`]);
  });

  test('is every cookie of plain HTTP, which nobody can tell apart', () => {
    const one = record({ headers: ['cookie', 'a=1; b=2'], path: 'ingress' });
    expect(values(shownHeads(one.facts, false).asked)).toEqual([`a=${MASK}; b=${MASK}`]);
  });

  test('is what sets an HttpOnly cookie', () => {
    const open = 'theme=dark; Path=/';
    const one = record({ answer: ['set-cookie', 's=1; Path=/; httponly', 'set-cookie', open] });
    expect(values(shownHeads(one.facts, false).answer)).toEqual([
      `s=${MASK}; Path=/; httponly`,
      open,
    ]);
  });

  test('is shown to whoever asks, and marked all the same', () => {
    const one = record({ headers: ['authorization', 'Bearer abc'] });
    expect(shownHeads(one.facts, true).asked).toEqual([
      { name: 'authorization', value: 'Bearer abc', isSecret: true },
    ]);
    expect(detailOf(one, true, nobody).hasSecrets).toBe(true);
    expect(detailOf(record({ headers: ['accept', '*/*'] }), false, nobody).hasSecrets).toBe(false);
  });
});

test('an edited field that still has the mask keeps what was recorded, any other does not', () => {
  const { sent } = record({ headers: ['authorization', 'Bearer abc'] }).facts;
  const value = (text: string, name = 'Authorization') =>
    unmasked({ name, value: text }, sent).value;
  expect(value(`Bearer ${MASK}`)).toBe('Bearer abc');
  expect(value('Bearer other')).toBe('Bearer other');
  expect(value(MASK, 'x-unknown')).toBe(MASK);
});
