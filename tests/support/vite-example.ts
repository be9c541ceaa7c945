import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, ROOT } from './processes.js';

const EXAMPLE = `${ROOT}examples/vite-react`;

/** The example app in dev mode, from a copy whose files a test may edit. */
export interface ViteExample {
  port: number;
  program: Program;
  /** Changes a source file on disk, as an editor does. */
  edit(file: string, change: (text: string) => string): void;
  stop(): Promise<void>;
}

/** `config` takes the place of the example's own configuration. */
export async function startViteExample(config?: string): Promise<ViteExample> {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-vite-'));
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  symlinkSync(join(EXAMPLE, 'node_modules'), join(folder, 'node_modules'));
  if (config !== undefined) writeFileSync(join(folder, 'vite.config.ts'), config);
  const program = new Program(
    process.execPath,
    ['node_modules/vite/bin/vite.js', '--no-clear-screen'],
    {
      cwd: folder,
      env: { NO_COLOR: '1', FORCE_COLOR: '0' },
    },
  );
  const port = await program.find('Vite’s address', (lines) => {
    const match = lines.map((line) => /localhost:(\d+)/.exec(line)).find((found) => found !== null);
    return match === undefined || match === null ? undefined : Number(match[1]);
  });
  return {
    port,
    program,
    edit: (file, change) => {
      const path = join(folder, file);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
    },
    stop: async () => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
