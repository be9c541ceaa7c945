import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { found } from './browser.js';
import { WEBKIT } from './browser-settings.mjs';
import { Program, within } from './program.js';
import { WebDriver, type LoadStrategy } from './web-driver.js';

const START_DEADLINE_MS = 60_000;
const QUIT_DEADLINE_MS = 10_000;
/** How /proc/net/tcp writes the state of a socket that listens. */
const LISTENS = '0A';

/** Mounts a file over the machine's hosts and becomes what follows. */
const WITH_HOSTS = ['sh', '-c', 'mount --bind "$1" /etc/hosts && shift && exec "$@"', 'sh'];

/** WebKitGTK from Debian's package, on a display of its own, with one window. */
export class WebKit {
  readonly #resolved = new Set(['localhost']);

  private constructor(
    readonly driver: WebDriver,
    private readonly folder: string,
    private readonly programs: readonly Program[],
  ) {}

  /** It does not resolve `*.localhost`: it runs in a namespace where a hosts file of its own does. */
  static async start(strategy: LoadStrategy = 'normal'): Promise<WebKit> {
    const folder = mkdtempSync(join(tmpdir(), 'wingman-webkit-'));
    copyFileSync('/etc/hosts', hostsIn(folder));
    const display = new Program(found(WEBKIT.display), ['-displayfd', '1', '-nolisten', 'tcp']);
    const number = await display.find('the display', ([line]) => line);
    const env = {
      ...WEBKIT.env,
      DISPLAY: `:${number}`,
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_CACHE_HOME: folder,
    };
    const inNamespace = [...namespace(), ...WITH_HOSTS, hostsIn(folder)];
    const program = new Program('unshare', [...inNamespace, found(WEBKIT.driver), '--port=0'], {
      env,
    });
    const port = await program.find('WebKitWebDriver’s port', () => listeningPort(program.pid));
    const driver = await within(
      START_DEADLINE_MS,
      'WebKitGTK starts',
      WebDriver.open(port, strategy),
    );
    return new WebKit(driver, folder, [program, display]);
  }

  /** Where files are saved. */
  get downloads(): string {
    return this.folder;
  }

  /** Has the host of a URL lead to this machine. */
  resolve(url: string): void {
    const { hostname } = new URL(url);
    if (this.#resolved.has(hostname)) return;
    appendFileSync(hostsIn(this.folder), `\n127.0.0.1 ${hostname}\n`);
    this.#resolved.add(hostname);
  }

  /** Opens a page of this machine, whatever its host's name. */
  async goto(url: string): Promise<void> {
    this.resolve(url);
    await this.driver.goto(url);
  }

  /** Ends the browser and all that was started for it. What does not listen ends with its display. */
  async stop(): Promise<void> {
    await within(QUIT_DEADLINE_MS, 'WebKitGTK quits', this.driver.quit()).catch(() => undefined);
    for (const program of this.programs) await program.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function hostsIn(folder: string): string {
  return join(folder, 'hosts');
}

/** Arguments of `unshare` for a namespace of mounts: root may have one, and others where they may be root in it. */
function namespace(): string[] {
  const ways = [['--mount'], ['--mount', '--map-root-user']];
  const refusals: string[] = [];
  for (const way of ways) {
    const trial = [...way, ...WITH_HOSTS, '/etc/hosts', 'true'];
    const { status, stderr } = spawnSync('unshare', trial, { encoding: 'utf8' });
    if (status === 0) return way;
    refusals.push(stderr.trim());
  }
  throw new Error(
    `WebKitGTK needs a hosts file of its own, and this user may not mount one (${refusals.join('; ')}): ` +
      'run as root, or allow user namespaces',
  );
}

/** A driver that takes any free port does not say which: the kernel does. */
function listeningPort(pid: number): number | undefined {
  const files = `/proc/${pid}/fd`;
  const open = readdirSync(files).map((file) => readlinkSync(join(files, file)));
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n')) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const port = Number.parseInt(local.split(':')[1] ?? '', 16);
    if (state === LISTENS && open.includes(`socket:[${inode}]`)) return port;
  }
  return undefined;
}
