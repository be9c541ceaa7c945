// Bundles what runs in Node with the packages it uses: Node loads 600 files in twice the time.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/**
 * npm lays a copy of the same version beside each package that uses it; one is enough. Its modules, because esbuild
 * leaves out what nobody uses of them, and nothing of its CommonJS.
 */
const zod = path.join(
  path.dirname(
    createRequire(path.join(root, 'packages/node-kit/package.json')).resolve('zod/package.json'),
  ),
  'index.js',
);

/** Modules that look for a file beside themselves look for it where `placeOf(module)` says, relative to the bundle. */
function ownPlaces(placeOf) {
  return {
    name: 'own-places',
    setup({ onLoad }) {
      onLoad(
        { filter: /[\\/]packages[\\/][^\\/]+[\\/]dist[\\/].*\.js$/ },
        async ({ path: file }) => {
          const place = placeOf(file).split(path.sep).join('/');
          const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
          const contents = await readFile(file, 'utf8');
          return { contents: contents.replaceAll('import.meta.url', url) };
        },
      );
    },
  };
}

/** Bundles compiled modules into a folder; `entryPoints` as esbuild takes them. Returns esbuild's result with its metafile. */
export function bundleNode({ entryPoints, outdir, placeOf }) {
  return build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    // What two entries share is there once.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    metafile: true,
    // The licences' texts are in a file beside the code.
    legalComments: 'none',
    // Node reads all of it at each start. Names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    alias: { zod },
    // Engines with native code; either may be missing. The last is what one package would load for a test that we don't run.
    external: ['node-datachannel', '@roamhq/wrtc', 'turn-server'],
    // Older modules in it ask for Node's own by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [ownPlaces(placeOf)],
  });
}
