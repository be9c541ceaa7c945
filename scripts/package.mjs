// Makes the npm package from what `npm run build` has made, packs it, and holds the tarball to its budget.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleNode, root } from './lib/bundle-node.mjs';

/** `wingman` belongs to somebody else there; the command has that name all the same. */
const NAME = 'wingman-tunnel';
/**
 * Bytes of the tarball: a little above what is reached, so that growth is noticed. 40 KiB ask routers for ports, and 35 make
 * certificates for the local network; neither is loaded before it is wanted. 40 KiB are the page about diagnostics, and 10
 * what viewers do together. 45 read code and documents for what is sent ahead; proxies and the operator's commands take 15.
 * 5 move hosts from one node to the next, look up local names, and tell what paths carry. Less than 1 counts what was sent ahead,
 * and 2 have an engine in a process of its own.
 */
const BUDGET = 1415 * 1024;
/** The folder's tarball is written beside it; `node scripts/package.mjs FOLDER` makes it somewhere else. */
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
const folder = path.join(target, 'package');

const own = (file) => path.join(root, 'packages', file);
const manifestOf = async (name) => JSON.parse(await readFile(own(`${name}/package.json`), 'utf8'));

/** Only the engines are left to install: everything else is in the bundle. */
async function manifest() {
  const top = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const { optionalDependencies } = await manifestOf('relay-server');
  const { description, engines, license, version } = top;
  return {
    ...{ name: NAME, version, description, license, type: 'module', engines },
    bin: { wingman: 'bin/wingman.js' },
    exports: {
      '.': { types: './types/share.d.ts', default: './dist/share.js' },
      './vite': { types: './types/vite.d.ts', default: './dist/vite.js' },
    },
    files: [
      ...['assets', 'bin', 'deploy', 'dist', 'inspector', 'types'],
      ...['THIRD-PARTY-LICENSES.txt', 'wingman.schema.json'],
    ],
    optionalDependencies,
  };
}

/** One folder takes the place of each package's own: a module finds the version and the assets one above `dist`. */
function placeOf(file) {
  // The inspector's page is not among the assets: the tunnel server serves those to everybody.
  const inspector = file.split(/[\\/]packages[\\/](?=inspector[\\/]dist[\\/])/).at(1);
  if (inspector !== undefined) return `../${inspector}`;
  return `./${file.split(/[\\/]packages[\\/][^\\/]+[\\/]dist[\\/]/).at(-1)}`;
}

/** The types that a program sees; they name nothing that isn't here. */
async function copyTypes() {
  for (const name of ['share', 'shared-app', 'vite']) {
    const text = await readFile(own(`relay-server/dist/library/${name}.d.ts`), 'utf8');
    await writeFile(path.join(folder, 'types', `${name}.d.ts`), text.replace(/^\/\/# .*\n?/gm, ''));
  }
}

/** The folders of the packages whose code is in a bundle of ours. */
async function bundledPackages({ inputs }) {
  const inNode = Object.keys(inputs).map(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0],
  );
  const browser = ['browser-client', 'inspector', 'web-policy', 'protocol'].map(manifestOf);
  const inBrowser = (await Promise.all(browser)).flatMap(({ dependencies }) =>
    Object.keys(dependencies),
  );
  const inBoth = inBrowser
    .filter((name) => !name.startsWith('@wingman/'))
    .map((name) => `node_modules/${name}`);
  return [...new Set([...inNode, ...inBoth])].filter((name) => name !== undefined).sort();
}

/** The licences of what is bundled ask for their text beside the code. */
async function licences(metafile) {
  const parts = [];
  for (const name of await bundledPackages(metafile)) {
    const at = path.resolve(root, name);
    const file = (await readdir(at)).find((entry) => /^licen[cs]e/i.test(entry));
    const { license, version } = JSON.parse(await readFile(path.join(at, 'package.json'), 'utf8'));
    const text =
      file === undefined ? `Licence: ${license}` : await readFile(path.join(at, file), 'utf8');
    parts.push(`${name.split('node_modules/').at(-1)} ${version}\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${'-'.repeat(78)}\n\n`);
}

await rm(folder, { recursive: true, force: true });
await mkdir(path.join(folder, 'types'), { recursive: true });
const { metafile } = await bundleNode({
  entryPoints: {
    wingman: own('relay-server/dist/cli/main.js'),
    share: own('relay-server/dist/library/share.js'),
    vite: own('relay-server/dist/library/vite.js'),
    // An engine's process, which is started by its file's name.
    'tunnel/webrtc/wrtc-process': own('relay-server/dist/tunnel/webrtc/wrtc-process.js'),
  },
  outdir: path.join(folder, 'dist'),
  placeOf,
});
await copyTypes();
await cp(own('tunnel-server/assets'), path.join(folder, 'assets'), { recursive: true });
await cp(own('inspector/assets'), path.join(folder, 'inspector/assets'), { recursive: true });
await cp(own('relay-server/bin'), path.join(folder, 'bin'), { recursive: true });
await cp(own('relay-server/wingman.schema.json'), path.join(folder, 'wingman.schema.json'));
await cp(path.join(root, 'deploy'), path.join(folder, 'deploy'), { recursive: true });
await cp(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
await cp(path.join(root, 'docs/library.md'), path.join(folder, 'README.md'));
await writeFile(
  path.join(folder, 'package.json'),
  `${JSON.stringify(await manifest(), null, 2)}\n`,
);
await writeFile(path.join(folder, 'THIRD-PARTY-LICENSES.txt'), await licences(metafile));

const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', target], {
  ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
});
const [{ filename, size, unpackedSize }] = JSON.parse(packed);
const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
console.log(
  `${path.join(target, filename)}: ${kib(size)} of ${kib(BUDGET)}, ${kib(unpackedSize)} unpacked`,
);
if (size > BUDGET) {
  console.error('the package is over its budget');
  process.exitCode = 1;
}
