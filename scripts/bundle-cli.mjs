// Bundles the command line with the packages it uses into one file: Node loads 600 files in twice the time.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cli = path.join(root, 'packages/relay-server/dist/cli/main.js');
const bundle = path.join(root, 'packages/relay-server/dist/wingman.js');

/** npm lays a copy of the same version beside each package that uses it; one is enough. */
const zod = createRequire(path.join(root, 'packages/node-kit/package.json')).resolve(
  'zod/package.json',
);

/** Modules that look for a file beside themselves go on finding it. */
const ownPlaces = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]packages[\\/][^\\/]+[\\/]dist[\\/].*\.js$/ }, async ({ path: file }) => {
      const place = path.relative(path.dirname(bundle), file).split(path.sep).join('/');
      const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      const contents = await readFile(file, 'utf8');
      return { contents: contents.replaceAll('import.meta.url', url) };
    });
  },
};

await build({
  entryPoints: [cli],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  // Node reads all of it at each start. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  alias: { zod: path.dirname(zod) },
  // Engines with native code; either may be missing.
  external: ['node-datachannel', '@roamhq/wrtc'],
  // Older modules in it ask for Node's own by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  plugins: [ownPlaces],
});
