import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const source = ['packages/*/src/**/*.{ts,tsx}'];

/** Which packages of ours each package imports; the compiler's project references say the same. */
const GRAPH = {
  protocol: [],
  'web-policy': ['protocol'],
  'node-kit': ['protocol'],
  'tunnel-server': ['protocol', 'node-kit'],
  // The CLI's embedded tunnel server, through the package's public entry, is the one declared exception.
  // Its one entry is what the page and the host say to each other.
  inspector: ['protocol'],
  'relay-server': ['protocol', 'node-kit', 'web-policy', 'tunnel-server', 'inspector'],
  'app-worker': ['protocol', 'web-policy'],
  'browser-client': ['protocol', 'web-policy', 'app-worker'],
};

const packageBoundaries = Object.entries(GRAPH).map(([name, imports]) => {
  const foreign = Object.keys(GRAPH).filter((other) => other !== name && !imports.includes(other));
  const patterns = foreign.map((other) => ({
    group: [
      `@wingman/${other}`,
      `@wingman/${other}/*`,
      `**/${other}/src/**`,
      `**/${other}/dist/**`,
    ],
    message: `${name} imports ${imports.join(', ') || 'no other package'}; see ARCHITECTURE.md, "Layers".`,
  }));
  // What a package may import it takes in by the entries that the other's package.json declares.
  patterns.push({
    group: imports.flatMap((other) => [`**/${other}/src/**`, `**/${other}/dist/**`]),
    message: 'Import an entry that the package declares.',
  });
  const rule = ['error', { patterns: patterns.filter(({ group }) => group.length > 0) }];
  return {
    files: [`packages/${name}/src/**`],
    rules: { 'no-restricted-imports': rule },
  };
});

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'packages/protocol/src/gen/**',
      'packages/*/assets/**',
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
  ...packageBoundaries,
  // They run in Node and in browsers.
  {
    files: ['packages/{protocol,web-policy}/src/**'],
    rules: {
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
