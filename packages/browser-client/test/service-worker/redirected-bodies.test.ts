import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { RedirectedBodies } from '../../src/service-worker/redirected-bodies.js';
import { openBlob, type RequestBody } from '../../src/service-worker/request-body.js';

const FROM = 'https://s.example/from';
const TO = 'https://s.example/to';

const ask = (url: string, body: string | null = null, clientId = 'page-1') => ({
  request: new Request(url, { method: 'POST', body }),
  clientId,
});

const redirect = (status: number): Response =>
  new Response(null, { status, headers: { location: TO } });

async function textOf({ chunks }: RequestBody): Promise<string> {
  let text = '';
  for await (const chunk of chunks ?? []) text += Buffer.from(chunk).toString();
  return text;
}

describe('the body of a request that was redirected', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** A request with a body has got this answer. */
  function answered(answer: Response, body = openBlob(new Blob(['a=1']))): RedirectedBodies {
    const bodies = new RedirectedBodies();
    bodies.keep(ask(FROM), answer, body);
    return bodies;
  }

  test.each([307, 308])('goes with the next one, once (%i)', async (status) => {
    const bodies = answered(redirect(status));
    const again = await bodies.open(ask(`${TO}#part`));
    expect([again.length, await textOf(again)]).toEqual([3, 'a=1']);
    expect((await bodies.open(ask(TO))).chunks).toBeUndefined();
  });

  test.each([
    ['to one of another page', 307, ask(TO, null, 'page-2')],
    ['to another URL', 307, ask(FROM)],
    ['after a redirect that turns it into a GET', 303, ask(TO)],
  ])('does not go %s', async (_, status, next) => {
    const bodies = answered(redirect(status));
    expect((await bodies.open(next)).chunks).toBeUndefined();
  });

  test.each(['manual', 'error'] as const)(
    'does not go with a request of a page that follows no redirects (%s)',
    async (redirectMode) => {
      const bodies = new RedirectedBodies();
      const request = new Request(FROM, { method: 'POST', body: 'a=1', redirect: redirectMode });
      bodies.keep({ ...ask(FROM), request }, redirect(307), openBlob(new Blob(['a=1'])));
      expect((await bodies.open(ask(TO))).chunks).toBeUndefined();
    },
  );

  test('is forgotten when the browser has sent it itself, as most do', async () => {
    const bodies = answered(redirect(307));
    // Reading it ahead has a deadline, which never comes here.
    expect(await textOf(await bodies.open(ask(TO, 'b=2')))).toBe('b=2');
    expect((await bodies.open(ask(TO))).chunks).toBeUndefined();
  });

  test('is an error when it was too large to be there twice, and no empty body', async () => {
    const bodies = answered(redirect(307), { ...openBlob(new Blob(['a=1'])), copy: undefined });
    await expect(bodies.open(ask(TO))).rejects.toMatchObject({ code: 'LINK_LOST' });
  });

  test('is not missed where there was none', async () => {
    const bodies = answered(redirect(307), openBlob(new Blob([])));
    expect((await bodies.open(ask(TO))).chunks).toBeUndefined();
  });

  test('does not wait for ever', async () => {
    const bodies = answered(redirect(307));
    jest.advanceTimersByTime(SERVICE_WORKER_LIMITS.redirectedBodyMs);
    expect((await bodies.open(ask(TO))).chunks).toBeUndefined();
  });
});
