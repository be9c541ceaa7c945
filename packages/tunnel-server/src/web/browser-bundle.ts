import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own assets: what `scripts/bundle.mjs` has built. */
export const OWN_ASSETS = fileURLToPath(new URL('../../assets', import.meta.url));

/** Stands in the built shell where the session's boot data goes. */
export const BOOT_MARK = '<!--wingman-boot-->';
const BOOT_SCRIPT = /<script type="application\/json" id="wingman-boot">[^<]*<\/script>/;

/** The element that holds a session's boot data. */
export function bootScript(json: string): string {
  return `<script type="application/json" id="wingman-boot">${json}</script>`;
}

/** The code that browsers get from this version. */
export interface BrowserBundle {
  /** SHA-256 of each file, in hex, by its name. */
  readonly files: ReadonlyMap<string, string>;
  /** SHA-256 over all of them, in hex. */
  readonly hash: string;
}

/** Reads a built bundle; one that isn't there has no files. */
export async function readBrowserBundle(directory = OWN_ASSETS): Promise<BrowserBundle> {
  const names = (await readdir(directory).catch(() => [])).sort();
  const files = new Map<string, string>();
  for (const name of names) files.set(name, sha256(await readFile(join(directory, name))));
  return { files, hash: sha256([...files].map((file) => file.join(' ')).join('\n')) };
}

/** The hash of a file as a session serves it. The shell's boot data is data, not code, and does not count. */
export function servedHash(name: string, content: Buffer): string {
  if (name !== 'shell.html') return sha256(content);
  return sha256(content.toString('utf8').replace(BOOT_SCRIPT, () => BOOT_MARK));
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
