import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ROOT } from '../support/program.js';

interface LockedPackage {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const withScript = Object.entries(lock.packages).filter(
  ([, { hasInstallScript }]) => hasInstallScript,
);

test('docs/supply-chain.md lists the packages that run a script when they are installed', () => {
  const text = readFileSync(`${ROOT}docs/supply-chain.md`, 'utf8');
  const listed = [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  const names = withScript.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(listed).toEqual(names.sort());
});

test('none of them runs at a developer or an operator', () => {
  expect(withScript.filter(([, { dev }]) => dev !== true)).toEqual([]);
});
