import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { eventually, Program, ROOT } from '../support/program.js';
import { inFolder, output } from './in-folder.js';

const IMAGE = 'localhost/wingman-test';

/**
 * Builds the image and runs its command in it as its user. The base image is made of this machine's Node: no registry is
 * asked. buildah's chroot is used because it runs in a container itself; podman's own flags, such as a read-only file
 * system, are not tried.
 */
export function checkContainer(): Promise<string[]> {
  return inFolder(async (folder) => {
    const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
    const buildah = (command: string, ...args: string[]): string =>
      output('buildah', ...store, '--storage-driver', 'vfs', command, ...args);
    output(process.execPath, join(ROOT, 'scripts/package.mjs'));
    const base = makeBase(folder, buildah);
    const file = ['-f', join(ROOT, 'deploy/Containerfile'), '--build-arg', `BASE=${base}`];
    const build = ['--isolation', 'chroot', '--format', 'docker', '-q', '-t', IMAGE];
    buildah('build', ...build, ...file, ROOT);
    const image = JSON.parse(buildah('inspect', '--type', 'image', IMAGE)) as Image;
    const { User: user, Healthcheck: health, Entrypoint: entry } = image.Docker.config;
    buildah('from', '--name', 'tried', IMAGE);
    const inside = [...store, '--storage-driver', 'vfs', 'run', '--isolation', 'chroot'];
    const asUser = [...inside, '--user', user, 'tried', '--'];
    const port = await freePort();
    const program = new Program('buildah', [
      ...asUser,
      ...entry,
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
    ]);
    try {
      const url = `http://127.0.0.1:${port}/healthz`;
      await eventually('the container answers', async () => (await fetch(url)).ok);
      const check = health.Test.slice(1).map((part) =>
        part.replace('127.0.0.1:8787', `127.0.0.1:${port}`),
      );
      output('buildah', ...asUser, ...check);
      const write = `try { fs.writeFileSync('/opt/wingman/x', '') } catch { process.exit(1) }`;
      if (succeeds('buildah', ...asUser, 'node', '-e', write))
        throw new Error('the user can write');
      return [`the image's command runs as ${user}, its health check passes, and it can't write`];
    } catch (error) {
      throw new Error(program.output(), { cause: error });
    } finally {
      program.signal('SIGTERM');
      await program.exited;
    }
  });
}

interface Image {
  Docker: { config: { User: string; Entrypoint: string[]; Healthcheck: { Test: string[] } } };
}

/** An image with Node and what it is linked with. */
function makeBase(folder: string, buildah: (command: string, ...args: string[]) => string): string {
  const root = join(folder, 'base');
  const libraries = output('ldd', process.execPath).match(/\/\S+/g) ?? [];
  for (const file of libraries) copy(file, join(root, file));
  copy(process.execPath, join(root, 'usr/bin/node'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'nobody:x:65534:65534::/:/none\n');
  const made = buildah('from', 'scratch');
  buildah('copy', '-q', made, root, '/');
  buildah('commit', '-q', made, 'localhost/wingman-base');
  return 'localhost/wingman-base';
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function succeeds(command: string, ...args: string[]): boolean {
  try {
    output(command, ...args);
    return true;
  } catch {
    return false;
  }
}
