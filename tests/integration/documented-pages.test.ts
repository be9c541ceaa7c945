import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pictureOf } from '../../scripts/lib/screens.mjs';
import { ROOT } from '../support/processes.js';

/** What somebody reads who wants to know whether this is for them. */
const README_WORDS = 1200;
/** The first thing that a repository's page loads. */
const MOVING_BYTES = 220 * 1024;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const pagesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) =>
    name.endsWith('.md') ? [join(folder, name)] : [],
  );

const PAGES = [
  ...['', 'docs', 'docs/decisions', 'bench'].flatMap(pagesIn),
  'packages/protocol/SPEC.md',
];

/** The text without what is shown as it is typed. */
const prose = (text: string): string =>
  text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, (code) => code.slice(1, -1));

/** The fragment that leads to a heading, as repositories make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function anchorsIn(file: string): string[] {
  return [...prose(read(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    anchorOf(heading ?? ''),
  );
}

/** Why a link of a page leads nowhere; undefined when it does not. */
function fault(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, file))) return `${page}: ${target} is not there`;
  if (anchor === undefined || anchorsIn(file).includes(anchor)) return undefined;
  return `${page}: no heading of ${file} is #${anchor}`;
}

describe('the documents', () => {
  test('each relative link and picture leads to a file, and to a heading that it has', () => {
    const links = PAGES.flatMap((page) =>
      [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => ({ page, target })),
    );
    expect(links.length).toBeGreaterThan(150);
    expect(links.flatMap(({ page, target }) => fault(page, decodeURI(target)) ?? [])).toEqual([]);
  });

  test('README is short, and leads to every page in docs', () => {
    const readme = read('README.md');
    expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(README_WORDS);
    const unnamed = pagesIn('docs').filter((page) => !readme.includes(`](${page})`));
    expect(unnamed).toEqual([]);
  });

  test('README opens with a moving picture: small, of several scenes, still for who wants less motion', () => {
    const [, picture = ''] = /^!\[[^\]]+\]\((\S+)\)$/m.exec(read('README.md')) ?? [];
    const svg = read(picture);
    expect(svg.length).toBeLessThan(MOVING_BYTES);
    expect(svg.match(/<image [^>]*href="data:image\/webp;base64,UklGR/g)?.length).toBeGreaterThan(
      5,
    );
    expect(svg.match(/ class="still"/g)).toHaveLength(1);
    expect(svg).toContain('@media(prefers-reduced-motion:reduce){g{animation:none}}');
  });

  test('no picture lies there that no page shows', () => {
    const shown = PAGES.map(read).join('\n');
    const files = readdirSync(join(ROOT, 'docs/images'), { recursive: true }).map(String);
    const unused = files.filter((file) => /\.\w+$/.test(file) && !shown.includes(`images/${file}`));
    expect(unused).toEqual([]);
  });

  test('every page and state of the reviewer’s page has a row with its picture, and each test that is named is there', () => {
    const page = read('docs/screens.md');
    const rows = [
      ...page.matchAll(
        /^\|.*\[(?:page|picture)\]\(images\/((?:problems|screens)\/[a-z-]+\.webp)\) +\|$/gm,
      ),
    ];
    const drawn = Object.keys(JSON.parse(read('scripts/lib/pictured.json')) as object);
    expect(drawn.length).toBeGreaterThan(50);
    expect(rows.map(([, picture]) => picture).sort()).toEqual(drawn.map(pictureOf).sort());
    // That the files are there is held above. In two browsers is what names both.
    const inBoth = [...page.matchAll(/\]\(\.\.\/(\S+)\) +\| Chromium, Firefox/g)];
    expect(inBoth.length).toBeGreaterThan(4);
    expect(inBoth.filter(([, file = '']) => !read(file).includes("'firefox'"))).toEqual([]);
  });

  test('every screen of the terminal has its picture in a row', () => {
    const page = read('docs/screens.md');
    const names = Object.keys(JSON.parse(read('scripts/lib/pictured-terminals.json')) as object);
    expect(names.length).toBeGreaterThan(25);
    const shown = [...page.matchAll(/images\/screens\/(terminal-[a-z-]+)\.webp/g)];
    expect(shown.map(([, name]) => name).sort()).toEqual(names.sort());
  });

  test('every code that a page of ours can show has a row with its picture', () => {
    const folder = 'packages/protocol/src/pages';
    const sources = readdirSync(join(ROOT, folder)).map((name) => read(join(folder, name)));
    const shown = sources.join('\n').matchAll(/^ +code: '([A-Z_]+)',$/gm);
    const codes = new Set([...shown].map(([, code]) => code ?? ''));
    expect(codes.size).toBeGreaterThan(25);
    const row = /^\| \d{3} +\| `([A-Z_]+)` +\|.*\]\(images\/problems\/([a-z-]+)\.webp\) +\|$/gm;
    const rows = [...read('docs/reviewers.md').matchAll(row)];
    const told = rows.map(([, code = '', picture = '']) => [code, picture]);
    const wanted = [...codes].sort().map((code) => [code, code.toLowerCase().replaceAll('_', '-')]);
    expect(told.sort()).toEqual(wanted);
  });
});
