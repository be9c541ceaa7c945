import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { MASK } from '@wingman/inspector';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { toCurl } from '../../src/inspector/curl.js';
import { toHar } from '../../src/inspector/har.js';
import { recording } from '../support/recorded.js';

const require = createRequire(import.meta.url);
const draft06 = require('ajv/dist/refs/json-schema-draft-06.json') as object;
// It has no types.
const schemas = require('har-schema') as Record<string, object>;

describe('an HTTP Archive', () => {
  /** What the published schema of HAR 1.2 finds wrong. */
  function faults(har: unknown): unknown {
    const ajv = new Ajv({ strict: false });
    formats.default(ajv);
    ajv.addMetaSchema(draft06);
    ajv.addSchema(Object.values(schemas));
    return ajv.validate('har.json#', har) ? [] : ajv.errors;
  }

  test('is valid, whatever became of the exchanges', async () => {
    const { store, begin, whole } = recording();
    whole({ target: '/a?x=1&y=%20', answerBody: '{"a":1}', answer: ['content-type', 'text/json'] });
    whole({ method: 'POST', body: 'a=1', headers: ['content-type', 'text/plain'], status: 303 });
    whole({ answerBody: new Uint8Array([0, 255, 254]) });
    begin({ target: '/refused' }).end({ outcome: 'refused', code: 'LOCAL_PORT_REFUSED' });
    begin({ kind: 'websocket' }).end({ outcome: 'complete' });
    begin({ target: '/ahead.js' }).end({ outcome: 'unused' });
    begin({ target: '/running' });
    const har = await toHar(store.all, false);
    expect(faults(har)).toEqual([]);
    expect(har.log.version).toBe('1.2');
    expect(har.log.entries).toHaveLength(6);
    const [first, second, third, fourth, , sixth] = har.log.entries;
    expect(first).toMatchObject({
      request: {
        url: 'http://localhost:3000/a?x=1&y=%20',
        queryString: [{ name: 'x' }, { value: ' ' }],
      },
      response: { status: 200, content: { text: '{"a":1}', mimeType: 'text/json', size: 7 } },
    });
    expect(second?.request.postData).toEqual({ mimeType: 'text/plain', text: 'a=1' });
    expect(third?.response.content).toMatchObject({ text: 'AP/+', encoding: 'base64' });
    expect(fourth?.response.status).toBe(0);
    expect(sixth?.comment).toBe('by relay, asked ahead of the page and not used');
    expect(faults({ log: { ...har.log, entries: [{}] } })).not.toEqual([]);
  });

  test('has the body without its content coding, and secrets only for whoever asks', async () => {
    const { store, whole } = recording();
    whole({
      headers: ['authorization', 'Bearer abc'],
      answer: ['content-encoding', 'gzip'],
      answerBody: gzipSync('plain'),
    });
    const text = async (areShown: boolean) => JSON.stringify(await toHar(store.all, areShown));
    expect(await text(false)).toContain('"text":"plain"');
    expect(await text(false)).not.toContain('Bearer abc');
    expect(await text(true)).toContain('Bearer abc');
  });

  test('a body that only says that it is coded is left as it is', async () => {
    const { store, whole } = recording();
    whole({ answer: ['content-encoding', 'br'], answerBody: 'no brotli' });
    const { log } = await toHar(store.all, false);
    expect(log.entries[0]?.response.content.text).toBe('no brotli');
  });
});

describe('a command for curl', () => {
  /** What a shell makes of it: the words that curl would get. */
  function words(command: string): string[] {
    const script = `curl() { printf '%s\\0' "$@"; cat; }\n${command}`;
    return execFileSync('/bin/sh', ['-c', script], { input: '' }).toString().split('\0');
  }

  test('says what the app was asked, whatever stands in it', async () => {
    const body = `it's $(a) "trap"\n`;
    const { whole } = recording();
    const record = whole({
      ...{ method: 'PUT', target: "/a?b='c'", body },
      headers: ['host', 'x', 'x-quote', `it's`, 'x-empty', '', 'content-length', '17'],
    });
    expect(words(await toCurl(record, false))).toEqual([
      "http://localhost:3000/a?b='c'",
      ...['-X', 'PUT', '-H', `x-quote: it's`, '-H', 'x-empty;', '--data-raw', body, ''],
    ]);
  });

  test('gives bytes that are no text on the standard input', async () => {
    const { whole } = recording();
    const record = whole({ method: 'POST', body: new Uint8Array([255, 65]) });
    const command = await toCurl(record, false);
    expect(command).toMatch(/^printf %s '\/0E=' \| base64 -d \| curl /);
    expect(words(command)).toContain('@-');
  });

  test('has secrets only for whoever asks', async () => {
    const { whole } = recording();
    const record = whole({ headers: ['authorization', 'Bearer abc'] });
    expect(await toCurl(record, false)).toContain(`authorization: Bearer ${MASK}`);
    expect(await toCurl(record, true)).toContain('authorization: Bearer abc');
  });
});
