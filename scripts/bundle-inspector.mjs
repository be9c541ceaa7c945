// Bundles the inspector's page into one file, packages/inspector/assets/inspector.html, and holds its size to its budget.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'packages/inspector/src/page');
const assets = path.join(root, 'packages/inspector/assets');

/** Bytes after gzip. It comes from this machine, so the time to parse it counts; growth is to be noticed. */
const BUDGET = 60 * 1024;

const STYLES = [
  path.join(root, 'node_modules/uplot/dist/uPlot.min.css'),
  path.join(source, 'inspector.css'),
];

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [path.join(source, 'main.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    minify: true,
    target: 'es2022',
    platform: 'browser',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  // Safe inside a script element; both spellings mean the same to JavaScript.
  return outputFiles[0].text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

async function style() {
  const sheets = await Promise.all(STYLES.map((file) => readFile(file, 'utf8')));
  const { code } = await transform(sheets.join('\n'), { loader: 'css', minify: true });
  return code;
}

const [template, css, code] = await Promise.all([
  readFile(path.join(source, 'inspector.html'), 'utf8'),
  style(),
  bundle(),
]);
const page = template
  .replace('/*wingman-style*/', () => css)
  .replace('/*wingman-code*/', () => code);
await mkdir(assets, { recursive: true });
await writeFile(path.join(assets, 'inspector.html'), page);
const gzip = gzipSync(page, { level: 9 }).byteLength;
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
console.log(
  `inspector.html ${kib(Buffer.byteLength(page))}, gzip ${kib(gzip)}, budget ${kib(BUDGET)}`,
);
if (gzip > BUDGET) throw new Error('inspector.html is over its budget');
