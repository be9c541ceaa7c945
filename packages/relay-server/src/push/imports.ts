import { headerValue, type Header } from '@wingman/protocol';
import { init, parse } from 'es-module-lexer';
import { reservedPath } from '../exchange/target-readings.js';

/** What reads code for its imports; undefined for an answer that has none. */
export type ImportReader = (code: string) => Promise<string[]>;

const SCRIPT = /^(?:text|application)\/(?:x-)?(?:java|ecma)script\b/i;
const STYLE = /^text\/css\b/i;

/** What may stand before an import: imports come before all rules but `@charset` and `@layer` (CSS Cascade section 2). */
const BEFORE = String.raw`(?:\s|/\*(?:[^*]|\*(?!/))*\*/|@charset[^;]*;|@layer[^;{]*;)*`;
const STYLE_IMPORT = new RegExp(
  `^${BEFORE}@import\\s+(?:url\\(\\s*)?(["']?)([^"')\\s;]+)\\1[^;]*;`,
  'i',
);

/** How to read the imports of an answer to a request of this destination. */
export function importReader(
  destination: string,
  headers: readonly Header[],
): ImportReader | undefined {
  const type = headerValue(headers, 'content-type') ?? '';
  if (destination === 'script' && SCRIPT.test(type)) return scriptImports;
  return destination === 'style' && STYLE.test(type) ? styleImports : undefined;
}

/** The specifiers that a module imports statically; none for what is no module. */
async function scriptImports(code: string): Promise<string[]> {
  await init;
  try {
    const [imports] = parse(code);
    // Whether a dynamic import is made only the page knows, and one with attributes may be no script.
    return imports.flatMap(({ n: specifier, d: dynamic, a: attributes }) =>
      specifier !== undefined && dynamic === -1 && attributes === -1 ? [specifier] : [],
    );
  } catch {
    return [];
  }
}

function styleImports(code: string): Promise<string[]> {
  const found: string[] = [];
  let rest = code;
  for (let match = STYLE_IMPORT.exec(rest); match !== null; match = STYLE_IMPORT.exec(rest)) {
    if (match[2] !== undefined) found.push(match[2]);
    rest = rest.slice(match[0].length);
  }
  return Promise.resolve(found);
}

/**
 * The target on the shared port that a specifier means in the code at another target; undefined for other origins, for
 * what only the page's import map can resolve, and for the tunnel's own paths.
 */
export function resolveImport(
  specifier: string,
  importer: string,
  isScript: boolean,
): string | undefined {
  if (isScript && !/^\.{0,2}\//.test(specifier)) return undefined;
  const base = new URL(importer, 'http://app');
  if (!URL.canParse(specifier, base.href)) return undefined;
  const url = new URL(specifier, base);
  const target = url.pathname + url.search;
  return url.origin === base.origin && reservedPath(target) === undefined ? target : undefined;
}
