import { describe, expect, test } from '@jest/globals';
import { SERVICE_WORKER_LIMITS } from '../../src/shared/limits.js';
import { WorkerScripts } from '../../src/service-worker/worker-scripts.js';
import { asked, ORIGIN } from '../support/tunnelled-tab.js';

const URL_OF_SCRIPT = `${ORIGIN}/worker.js`;
const TAB = '0123456789abcdef0123456789abcdef';
const CLASSIC = `self.wingmanTab="${TAB}";shim();`;
const MODULE = `import"/__wingman/shim.js?tab=${TAB}";`;

const scriptsWith = (shim: string | undefined): WorkerScripts =>
  new WorkerScripts(() => Promise.resolve(shim));

const worker = (url = URL_OF_SCRIPT, more: { mode?: string; destination?: string } = {}) =>
  asked(url, { mode: 'same-origin', destination: 'worker', ...more }).request;

/** The script that a worker gets for this one. */
async function prefixed(script: string, scripts = scriptsWith('shim()'), init?: ResponseInit) {
  const response = await scripts.prefix(worker(), new Response(script, init), TAB);
  return response.text();
}

describe('the script that starts a worker', () => {
  test('begins with the shim, on its first line, so that line numbers stay', async () => {
    expect(await prefixed('first();\nsecond();')).toBe(`${CLASSIC}first();\nsecond();`);
  });

  test.each(['worker', 'sharedworker'])('of a %s is one', async (destination) => {
    const request = worker(URL_OF_SCRIPT, { destination });
    const response = await scriptsWith('shim()').prefix(request, new Response('x'), TAB);
    expect(await response.text()).toBe(`${CLASSIC}x`);
  });

  test.each([
    ['what such a script imports', { mode: 'cors' }],
    ['a page’s script', { destination: 'script' }],
    ['data', { destination: '' }],
  ])('is none for %s', async (_, more) => {
    const response = new Response('x');
    const request = worker(URL_OF_SCRIPT, more);
    expect(await scriptsWith('shim()').prefix(request, response, TAB)).toBe(response);
  });

  test('that is missing, empty or can’t have the shim stays as it is', async () => {
    const scripts = scriptsWith('shim()');
    const missing = new Response('x', { status: 404 });
    expect(await scripts.prefix(worker(), missing, TAB)).toBe(missing);
    const empty = new Response(null);
    expect(await scripts.prefix(worker(), empty, TAB)).toBe(empty);
    expect(await prefixed('x', scriptsWith(undefined))).toBe('x');
  });

  test('keeps its header fields, but for a length that isn’t true any more', async () => {
    const headers = { 'content-type': 'text/javascript', 'content-length': '1', 'x-own': '1' };
    const response = await scriptsWith('shim()').prefix(
      worker(),
      new Response('x', { headers }),
      TAB,
    );
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/javascript',
      'x-own': '1',
    });
  });

  test('that has nothing in it has the shim alone', async () => {
    expect(await prefixed('')).toBe(CLASSIC);
  });

  test('is passed on as it comes, and its source is left when nobody wants it', async () => {
    let [pulls, left] = [0, 'not left'];
    const source = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => controller.enqueue(new Uint8Array([(pulls += 1)])),
        cancel: (reason) => void (left = String(reason)),
      },
      { highWaterMark: 0 },
    );
    const response = await scriptsWith('shim()').prefix(worker(), new Response(source), TAB);
    const reader = response.body!.getReader();
    const chunks = [await reader.read(), await reader.read()];
    expect(Buffer.from(chunks[0]?.value ?? []).toString()).toBe(CLASSIC);
    expect(chunks[1]?.value).toEqual(Uint8Array.of(1));
    await reader.cancel('unwanted');
    expect([pulls, left]).toEqual([1, 'unwanted']);
  });
});

describe('a directive prologue (ECMAScript section 11.2.1)', () => {
  test.each([
    '"use strict";x()',
    "'use strict'\nx()",
    '\n  // A comment.\n/* and\n another ***/ "use strict"; x()',
    '// "use strict"\r\n"use strict"',
  ])('that makes a script strict still does: %j', async (script) => {
    expect(await prefixed(script)).toBe(`"use strict";${CLASSIC}${script}`);
  });

  test.each([
    'x(); "use strict"',
    '`use strict`',
    '"use asm"',
    '// "use strict"\nx()',
    '/* a */ x() /* b */ "use strict"',
    '// a',
    '/* "use strict" */',
  ])('is none in %j', async (script) => {
    expect(await prefixed(script)).toBe(CLASSIC + script);
  });
});

describe('a module worker', () => {
  const announcing = (url = URL_OF_SCRIPT, isModule = true): WorkerScripts => {
    const scripts = scriptsWith('shim()');
    scripts.announced(url, isModule);
    return scripts;
  };

  test('imports the shim first: imports run before the code above them', async () => {
    expect(await prefixed('import "./a.js"', announcing())).toBe(`${MODULE}import "./a.js"`);
  });

  test('is told by the page that starts it, whatever the fragment', async () => {
    expect(await prefixed('x', announcing(`${URL_OF_SCRIPT}#part`))).toContain('import');
    expect(await prefixed('x', announcing(`${ORIGIN}/other.js`))).toBe(`${CLASSIC}x`);
    expect(await prefixed('x', announcing(URL_OF_SCRIPT, false))).toBe(`${CLASSIC}x`);
  });

  test('with a policy of its own, which may refuse the import, has the code in it', async () => {
    const headers = { 'content-security-policy': "script-src 'self'" };
    expect(await prefixed('x', announcing(), { headers })).toBe(`${CLASSIC}x`);
  });

  test('is remembered among many, though not without end', async () => {
    const scripts = announcing();
    for (let index = 1; index < SERVICE_WORKER_LIMITS.maxWorkerScripts; index += 1) {
      scripts.announced(`${ORIGIN}/${index}.js`, false);
    }
    expect(await prefixed('x', scripts)).toContain('import');
    scripts.announced(`${ORIGIN}/one-more.js`, false);
    expect(await prefixed('x', scripts)).toBe(`${CLASSIC}x`);
  });

  test('gets what it imports', async () => {
    const request = new Request(`${ORIGIN}/__wingman/shim.js?tab=${TAB}`);
    const response = await scriptsWith('shim()').imported(request);
    expect(await response?.text()).toBe(CLASSIC);
    expect(response?.headers.get('content-type')).toBe('text/javascript');
  });

  test('gets an empty module when there is no shim: a failed import would end it', async () => {
    const request = new Request(`${ORIGIN}/__wingman/shim.js?tab=${TAB}`);
    const response = await scriptsWith(undefined).imported(request);
    expect([response?.status, await response?.text()]).toEqual([200, '']);
  });

  test.each(['/__wingman/shim.js', `/other.js?tab=${TAB}`, '/__wingman/shim.js?tab=";evil()//'])(
    'imports nothing from %s',
    async (path) => {
      expect(await scriptsWith('shim()').imported(new Request(ORIGIN + path))).toBeUndefined();
    },
  );
});
