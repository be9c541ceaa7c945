import { expect, test } from '@jest/globals';
import { header } from '@wingman/protocol';
import { clearsSiteData } from '../src/clear-site-data.js';

const cleared = (...lines: string[]): string[] => {
  const headers = lines.map((line) => header('clear-site-data', line));
  return (['cache', 'cookies', 'storage'] as const).filter((kind) => clearsSiteData(headers, kind));
};

test.each([
  [['"cookies"'], ['cookies']],
  [['"cache", "storage"'], ['cache', 'storage']],
  [
    ['"cookies"', '"storage"'],
    ['cookies', 'storage'],
  ],
  [['"*"'], ['cache', 'cookies', 'storage']],
  [['cookies, *'], []],
  [['"cache", "executionContexts"'], ['cache']],
  [[], []],
])('%j clears %j', (lines, kinds) => {
  expect(cleared(...lines)).toEqual(kinds);
});
