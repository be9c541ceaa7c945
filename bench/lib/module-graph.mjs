// An unbundled app as dev servers serve it: ES modules of about 4 KiB that import each other seven levels deep.
import { createHash } from 'node:crypto';

export const GRAPH_PATH = '/graph/';

/** With three imports each, 1,000 modules are seven levels deep. */
const IMPORTS = 3;
const LINES = 58;
const cache = new Map();

/** What a module imports: the tree is filled level by level. */
function importsOf(index, count) {
  const first = index * IMPORTS + 1;
  return Array.from({ length: IMPORTS }, (_, n) => first + n).filter((child) => child < count);
}

/** Lines that differ from module to module, and that compress as code does. */
function source(index, count) {
  const imports = importsOf(index, count).map((child) => `import './${child}.js?of=${count}';`);
  const lines = Array.from({ length: LINES }, (_, line) => {
    const mark = ((index + 1) * 7919 + line * 104729) % 99991;
    const name = `part${mark.toString(36)}${((mark * mark) % 99929).toString(36)}`;
    return `export const ${name} = (left, right) => left * ${mark} + right - ${(mark * 31) % 8887};`;
  });
  return [...imports, ...lines, 'globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;'].join(
    '\n',
  );
}

function page(count) {
  const script = `<script type="module" src="${GRAPH_PATH}0.js?of=${count}"></script>`;
  return `<!doctype html><html><head><title>modules</title>${script}</head><body>modules</body></html>`;
}

/** A resource with its validator, as it is sent. */
function resource(path, count) {
  const key = `${path} ${count}`;
  if (!cache.has(key)) {
    const found = /(\d+)\.js$/.exec(path);
    const body = found === null ? page(count) : source(Number(found[1]), count);
    const etag = `"${createHash('sha1').update(body).digest('base64url')}"`;
    const type = found === null ? 'text/html' : 'text/javascript';
    cache.set(key, { body, etag, type });
  }
  return cache.get(key);
}

/** Answers as Vite does: to be asked for again each time, and by 304 what has not changed. */
export function answerModule(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const { body, etag, type } = resource(pathname, Number(searchParams.get('of')));
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
  response.setHeader('content-type', type);
  return response.end(body);
}
