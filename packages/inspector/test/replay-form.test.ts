import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { h } from 'preact';
import { MASK, type ExchangeDetail, type ReplayRequest } from '../src/api/index.js';
import { fieldsOf, ReplayForm } from '../src/page/replay-form.js';
import { button, click, detailOf, show, textOf, type, usePage } from './support/page.js';

const page = usePage();
const body = (bytes: number, kept = bytes) => ({ bytes, kept, isComplete: true });
let sent: number[];

beforeEach(() => {
  sent = [];
  page.host.answer('replay', { id: 42 });
});

async function showForm(
  fields: Partial<ExchangeDetail> = {},
  text: string | (() => Response) = '',
) {
  page.host.answer('exchanges/1/body/request', text);
  const onSent = (id: number) => void sent.push(id);
  await show(page.root, h(ReplayForm, { exchange: detailOf(fields), onSent }));
  const [method, target] = page.root.querySelectorAll('input');
  const [head, editedBody] = page.root.querySelectorAll('textarea');
  return { method: method!, target: target!, head: head!, body: editedBody };
}

/** What the host was told to send. */
async function submitted(): Promise<ReplayRequest> {
  await click(button(page.root, 'Send to the app'));
  return JSON.parse(page.host.asked.at(-1)?.body ?? 'null') as ReplayRequest;
}

describe('a replay', () => {
  test('nobody has edited repeats the request as the app got it, mask and all', async () => {
    await showForm({
      ...{ method: 'POST', target: '/cart?a=1', asked: [{ name: 'host', value: 'session' }] },
      sent: [
        { name: 'host', value: 'localhost' },
        { name: 'cookie', value: MASK, isSecret: true },
      ],
    });
    expect(await submitted()).toEqual({
      ...{ of: 1, method: 'POST', target: '/cart?a=1' },
      headers: [
        { name: 'host', value: 'localhost' },
        { name: 'cookie', value: MASK },
      ],
    });
    expect(sent).toEqual([42]);
  });

  test('of a request that never reached the app begins with what was asked', async () => {
    const { head } = await showForm({ asked: [{ name: 'accept', value: '*/*' }] });
    expect(head.value).toBe('accept: */*');
  });

  test('sends what was edited', async () => {
    const form = await showForm({ requestBody: body(2) }, '{}');
    await type(form.method, 'PUT');
    await type(form.target, '/other');
    await type(form.head, 'x-a: 1\nx-b: 2');
    await type(form.body!, '{"a":1}');
    expect(await submitted()).toEqual({
      ...{ of: 1, method: 'PUT', target: '/other', body: '{"a":1}' },
      headers: [
        { name: 'x-a', value: '1' },
        { name: 'x-b', value: '2' },
      ],
    });
  });

  test('that the host refuses says why, and chooses nothing', async () => {
    await showForm();
    page.host.answer('replay', () => new Response('The app is away.\n', { status: 502 }));
    await submitted();
    expect([textOf(page.root, '[role=alert]'), sent]).toEqual(['Error: The app is away.', []]);
  });
});

describe('the body of a replay', () => {
  test('is asked for, and shown to be edited', async () => {
    const form = await showForm({ requestBody: body(3) }, 'a=ä');
    expect(form.body!.value).toBe('a=ä');
    expect((await submitted()).body).toBe('a=ä');
  });

  test('that is no text stays as it was recorded', async () => {
    const bytes = (): Response => new Response(Uint8Array.of(0xff, 0xfe));
    const { body: edited } = await showForm({ requestBody: body(2) }, bytes);
    expect([edited, textOf(page.root, 'p.quiet')]).toEqual([
      undefined,
      'The body is no text, and is sent as it was recorded.',
    ]);
    expect('body' in (await submitted())).toBe(false);
  });

  test('of which a part is kept can’t be edited, and isn’t asked for', async () => {
    const { body: edited } = await showForm({ requestBody: body(10, 4) });
    expect([edited, page.host.asked]).toEqual([undefined, []]);
  });

  test('may be added to a request that had none', async () => {
    const { body: edited } = await showForm();
    expect('body' in (await submitted())).toBe(false);
    await type(edited!, 'now');
    expect((await submitted()).body).toBe('now');
  });
});

test('whatever fields are shown are read back as they were', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  fc.assert(
    fc.property(fc.array(fc.record({ name, value })), (fields) => {
      const text = fields.map((one) => `${one.name}: ${one.value}`).join('\n');
      expect(fieldsOf(text)).toEqual(fields);
    }),
  );
});
