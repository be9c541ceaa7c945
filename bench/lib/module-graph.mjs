// Unbundled apps as dev servers serve them, of ES modules of about 4 KiB: a wide one, seven levels deep, and a deep one.
import { createHash } from 'node:crypto';

export const GRAPH_PATH = '/graph/';

/** With three imports each, 1,000 modules are seven levels deep. */
const IMPORTS = 3;
/** What each level of a deep app has, of which one module imports the next level. */
const LEVEL = 10;
const LINES = 58;
const cache = new Map();

/** What a module of a wide app imports: the tree is filled level by level. */
function wideImports(index) {
  return Array.from({ length: IMPORTS }, (_, n) => index * IMPORTS + 1 + n);
}

function deepImports(index) {
  const isFirst = index === 0 || index % LEVEL === 1;
  const next = index === 0 ? 1 : index + LEVEL;
  return isFirst ? Array.from({ length: LEVEL }, (_, n) => next + n) : [];
}

/** Lines that differ from module to module, and that compress as code does. */
function source(index, { count, isDeep, query }) {
  const children = (isDeep ? deepImports(index) : wideImports(index)).filter((n) => n < count);
  const imports = children.map((child) => `import './${child}.js${query}';`);
  const lines = Array.from({ length: LINES }, (_, line) => {
    const mark = ((index + 1) * 7919 + line * 104729) % 99991;
    const name = `part${mark.toString(36)}${((mark * mark) % 99929).toString(36)}`;
    return `export const ${name} = (left, right) => left * ${mark} + right - ${(mark * 31) % 8887};`;
  });
  return [...imports, ...lines, 'globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;'].join(
    '\n',
  );
}

function page(query) {
  const script = `<script type="module" src="${GRAPH_PATH}0.js${query}"></script>`;
  return `<!doctype html><html><head><title>modules</title>${script}</head><body>modules</body></html>`;
}

/** A resource with its validator, as it is sent. */
function resource(path, graph) {
  const key = path + graph.query;
  if (!cache.has(key)) {
    const found = /(\d+)\.js$/.exec(path);
    const body = found === null ? page(graph.query) : source(Number(found[1]), graph);
    const etag = `"${createHash('sha1').update(body).digest('base64url')}"`;
    const type = found === null ? 'text/html' : 'text/javascript';
    cache.set(key, { body, etag, type });
  }
  return cache.get(key);
}

/** Answers as Vite does: to be asked for again each time, and by 304 what has not changed. */
export function answerModule(request, response) {
  const { pathname, search: query, searchParams } = new URL(request.url, 'http://localhost');
  const graph = { query, count: Number(searchParams.get('of')), isDeep: searchParams.has('deep') };
  const { body, etag, type } = resource(pathname, graph);
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
  response.setHeader('content-type', type);
  return response.end(body);
}
