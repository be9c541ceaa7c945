import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const source = ['packages/*/src/**/*.{ts,tsx}'];

/** Packages import protocol and never each other, but for what is said below; the compiler's project references say the same. */
const foreign = (...names) => ({
  patterns: names.map((name) => ({
    group: [`@wingman/${name}`, `@wingman/${name}/*`, `**/${name}/src/**`, `**/${name}/dist/**`],
    message: 'Packages import @wingman/protocol and never each other.',
  })),
});

/** The browser client takes the app worker's package in by the entries that its package.json declares. */
const pastTheDoor = {
  group: ['**/app-worker/src/**', '**/app-worker/dist/**'],
  message: 'Import an entry of @wingman/app-worker.',
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'packages/protocol/src/gen/**',
      'packages/tunnel-server/assets/**',
      'examples/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a string union.' },
      ],
    },
  },
  {
    files: source,
    rules: {
      'max-lines-per-function': ['error', { max: 60 }],
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      complexity: ['error', 15],
    },
  },
  {
    files: ['packages/protocol/src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        foreign('tunnel-server', 'relay-server', 'app-worker', 'browser-client'),
      ],
      'no-restricted-globals': [
        'error',
        'self',
        'window',
        'document',
        'importScripts',
        'process',
        'Buffer',
      ],
    },
  },
  {
    files: ['packages/tunnel-server/src/**'],
    rules: {
      'no-restricted-imports': ['error', foreign('relay-server', 'app-worker', 'browser-client')],
    },
  },
  // The CLI's embedded tunnel server, through the package's public entry, is the one declared exception.
  {
    files: ['packages/relay-server/src/**'],
    rules: { 'no-restricted-imports': ['error', foreign('app-worker', 'browser-client')] },
  },
  {
    files: ['packages/app-worker/src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        foreign('tunnel-server', 'relay-server', 'browser-client'),
      ],
    },
  },
  {
    files: ['packages/browser-client/src/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [...foreign('tunnel-server', 'relay-server').patterns, pastTheDoor] },
      ],
    },
  },
  {
    files: ['**/test/**/*.ts', 'tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.{mjs,js}'], languageOptions: { globals: globals.node } },
  // Functions there run in the browser, too.
  { files: ['bench/**'], languageOptions: { globals: globals.browser } },
);
