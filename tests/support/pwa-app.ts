import { build } from 'esbuild';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSW } from 'workbox-build';
import { ROOT } from './processes.js';
import type { StaticFile } from './static-app.js';

const TYPES: Record<string, string> = { css: 'text/css', html: 'text/html', js: 'text/javascript' };

const page = (version: string): string => `<!doctype html>
<html>
  <head>
    <title>pwa ${version}</title>
    <link rel="stylesheet" href="/style.css" />
    <script src="/client.js"></script>
  </head>
  <body><h1>pwa ${version}</h1><p id="script"></p><script src="/version.js"></script></body>
</html>
`;

/** Everything a version of the app serves, with the service worker that Workbox generates for it. */
export async function buildPwa(version: string): Promise<Map<string, StaticFile>> {
  const directory = await mkdtemp(join(tmpdir(), 'wingman-pwa-'));
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'index.html'), page(version));
    await writeFile(join(directory, 'style.css'), `h1 { --version: ${version}; }`);
    const script = `document.getElementById('script').textContent = 'script ${version}';`;
    await writeFile(join(directory, 'version.js'), script);
    await build({
      entryPoints: [`${ROOT}tests/support/pwa-page.ts`],
      bundle: true,
      outfile: join(directory, 'client.js'),
      format: 'iife',
      platform: 'browser',
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    await generateSW({
      globDirectory: directory,
      globPatterns: ['**/*.{html,css,js}'],
      swDest: join(directory, 'sw.js'),
      navigateFallback: '/index.html',
      navigateFallbackDenylist: [/^\/server\//],
      cleanupOutdatedCaches: true,
      clientsClaim: true,
      skipWaiting: false,
      sourcemap: false,
      runtimeCaching: [
        { urlPattern: /\/api\//, handler: 'NetworkFirst', options: { cacheName: 'api' } },
        { urlPattern: /\/images\//, handler: 'CacheFirst', options: { cacheName: 'images' } },
        { urlPattern: /\/server\//, handler: 'NetworkFirst', options: { cacheName: 'pages' } },
      ],
    });
    return await readAll(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function readAll(directory: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const name of await readdir(directory)) {
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    files.set(`/${name}`, { type, body: await readFile(join(directory, name)) });
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}
