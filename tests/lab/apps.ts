import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.js';

/** What is shared: a small app whose bytes are known, or Vite's dev server with the example. */
export const APP_KINDS = ['lab', 'vite'] as const;
export type AppKind = (typeof APP_KINDS)[number];

export interface App {
  /** How it is started, in a folder that may be written to. */
  command(folder: string): readonly string[];
  /** Where its port stands in what it prints. */
  readonly port: RegExp;
  /** The first page, and what it shows. */
  readonly first: string;
  readonly shows: string;
}

const VITE = `${ROOT}examples/vite-react`;

export const APPS: Readonly<Record<AppKind, App>> = {
  lab: {
    command: () => [process.execPath, `${ROOT}tests/lab/app.mjs`],
    port: /port (\d+)/,
    first: '/',
    shows: 'the lab’s app',
  },
  vite: {
    command: (folder) => {
      const copy = join(folder, 'vite-react');
      cpSync(VITE, copy, { recursive: true, filter: (path) => !path.includes('node_modules') });
      symlinkSync(join(VITE, 'node_modules'), join(copy, 'node_modules'));
      return [process.execPath, join(VITE, 'node_modules/vite/bin/vite.js'), copy];
    },
    port: /localhost:(\d+)/,
    // Nothing of the app is loaded yet when the path changes.
    first: '/vite.config.ts',
    shows: 'defineConfig',
  },
};
