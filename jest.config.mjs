import { fileURLToPath } from 'node:url';

const shared = {
  // Node's own, which fails a file that leaves timers, sockets or processes behind.
  testEnvironment: fileURLToPath(new URL('tests/support/leak-guard.mjs', import.meta.url)),
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
        },
        sourceMaps: 'inline',
      },
    ],
  },
  // Sources import each other with the extension they have once compiled.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'cjs', 'json', 'node'],
};

const packageProject = (name) => ({
  ...shared,
  displayName: name,
  rootDir: `packages/${name}`,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
});

const topProject = (name) => ({
  ...shared,
  displayName: name,
  rootDir: `tests/${name}`,
  testMatch: ['<rootDir>/**/*.test.ts'],
});

export default {
  testTimeout: 60_000,
  projects: [
    packageProject('protocol'),
    packageProject('node-kit'),
    packageProject('web-policy'),
    packageProject('tunnel-server'),
    packageProject('inspector'),
    packageProject('relay-server'),
    packageProject('app-worker'),
    packageProject('browser-client'),
    topProject('integration'),
    topProject('browsers'),
    topProject('faults'),
  ],
};
