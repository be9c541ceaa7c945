import { expect, test } from '@jest/globals';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { oneReading } from '../src/web/one-reading.js';

/** A request as Node's parser hands it over. */
function requestOf(url: string, fields: readonly (readonly [string, string])[]): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.url = url;
  req.rawHeaders = fields.flat();
  req.headers = Object.fromEntries(fields.toReversed());
  return req;
}

const HOST = ['host', 'a.example:8080'] as const;

test.each([
  ['/a?b=c', '/a?b=c'],
  ['*', '*'],
  ['//evil.example/a', '//evil.example/a'],
  ['http://a.example:8080/a?b=c', '/a?b=c'],
  ['http://A.example:8080/x/../__wingman/y', '/__wingman/y'],
  ['http://a.example:8080', '/'],
])('the target %s is the path %s', (target, path) => {
  const req = requestOf(target, [HOST]);
  expect([oneReading(req), req.url]).toEqual([undefined, path]);
});

test('the port of the scheme may be left out', () => {
  const req = requestOf('https://a.example/a', [['host', 'a.example:443']]);
  expect([oneReading(req), req.url]).toEqual([undefined, '/a']);
});

test.each([
  'http://evil.example/a',
  'http://a.example/a',
  'http://user@a.example:8080/a',
  'http://a.example:8080@evil.example/a',
  'file:///a',
  'a.example:8080',
  'a',
])('the target %s is refused beside the field of another host', (target) => {
  expect(oneReading(requestOf(target, [HOST]))?.status).toBe(400);
});

test('two hosts are refused, even if they are the same', () => {
  expect(oneReading(requestOf('/', [HOST, ['Host', HOST[1]]]))?.status).toBe(400);
});

test.each([
  ['chunked', undefined],
  ['Chunked', undefined],
  ['gzip, chunked', 501],
  ['identity', 501],
])('the transfer coding %s: %s', (coding, status) => {
  expect(oneReading(requestOf('/', [HOST, ['transfer-encoding', coding]]))?.status).toBe(status);
});
