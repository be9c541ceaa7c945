// Bundles the command line of the checkout into one file, which `bin/wingman.js` loads.
import path from 'node:path';
import { bundleNode, root } from './lib/bundle-node.mjs';

const outdir = path.join(root, 'packages/relay-server/dist');

await bundleNode({
  entryPoints: { wingman: path.join(outdir, 'cli/main.js') },
  outdir,
  // Modules that look for a file beside themselves go on finding it.
  placeOf: (file) => path.relative(outdir, file),
});
