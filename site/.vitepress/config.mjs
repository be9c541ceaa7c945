import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';

const ROOT = join(import.meta.dirname, '../..');
/** Copies of the pages: from outside of this folder they would not find its packages. */
const PAGES = join(import.meta.dirname, 'pages');

const DOCS = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));

/** In the order in which a user asks; pages that are not named here follow. */
const FIRST = ['usage.md', 'reviewers.md', 'entry.md', 'terminal.md', 'inspector.md', 'library.md'];
const FACTS = ['limits.md', 'measured.md', 'compatibility.md', 'networks.md', 'security.md'];
const INSIDE = ['ARCHITECTURE.md', 'packages/protocol/SPEC.md'];
const ABOUT_PACKAGES = ['dependencies.md', 'supply-chain.md'];
const PROJECT = ['CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

const placed = [...FIRST, ...FACTS, ...ABOUT_PACKAGES];
const GUIDE = [...FIRST, ...DOCS.filter((name) => !placed.includes(name))];
const DECISIONS = readdirSync(join(ROOT, 'docs/decisions'));

/** A page of the repository, under its own heading. */
function item(path) {
  const [, text] = /^# (.*)$/m.exec(readFileSync(join(ROOT, path), 'utf8')) ?? [];
  return { text: text ?? path, link: `/${path.replace(/\.md$/, '')}` };
}

function group(text, paths, collapsed = false) {
  return { text, collapsed, items: paths.map(item) };
}

function inDocs(name) {
  return `docs/${name}`;
}

/** Takes links to what is no page, such as a folder of the repository, for plain text. */
function linkPagesOnly(md) {
  const isPage = (href) => /^(?:https?:|#)|\.md(?:#|$)/.test(href);
  md.core.ruler.push('pages', ({ tokens }) => {
    for (const token of tokens) {
      let isLeftOut = false;
      token.children = token.children?.filter(({ type, attrs }) => {
        if (type === 'link_open') isLeftOut = !isPage(Object.fromEntries(attrs).href);
        return !(isLeftOut && (type === 'link_open' || type === 'link_close'));
      });
    }
  });
}

rmSync(PAGES, { recursive: true, force: true });
for (const path of ['README.md', 'docs', 'bench/README.md', ...INSIDE, ...PROJECT]) {
  cpSync(join(ROOT, path), join(PAGES, path), { recursive: true });
}

export default defineConfig({
  title: 'Wingman',
  description: 'Share a local web app with a reviewer’s browser',
  srcDir: '.vitepress/pages',
  outDir: '../dist/docs',
  markdown: { config: linkPagesOnly },
  rewrites: { 'README.md': 'index.md' },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      { text: 'What it is', link: '/' },
      group('Using it', GUIDE.map(inDocs)),
      group('What to expect', FACTS.map(inDocs)),
      group('How it works', [...INSIDE, ...ABOUT_PACKAGES.map(inDocs)]),
      group(
        'Decisions',
        DECISIONS.map((name) => `docs/decisions/${name}`),
        true,
      ),
      group('The project', PROJECT),
    ],
  },
});
