// What is measured beside each other: the ways by which a browser reaches the app.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from './programs.mjs';
import { TUNNELS } from './tunnels.mjs';

/**
 * Each peer: the tunnel that it needs, the place of its browser, and the URL there; `path` is what Wingman's shell
 * is told to keep to.
 */
export const PEERS = {
  localhost: { place: 'host', url: ({ app }) => `http://localhost:${app.value}/` },
  tcp: {
    place: 'viewer',
    url: ({ lab, app }) => `http://${lab.address('host', 'viewer')}:${app.value}/`,
  },
  ssh: { place: 'viewer', tunnels: ['ssh'], url: ({ ssh }) => ssh.url },
  caddy: { place: 'viewer', tunnels: ['ssh', 'caddy'], url: ({ caddy }) => caddy.url },
  localtunnel: {
    place: 'viewer',
    tunnels: ['localtunnel'],
    url: ({ localtunnel }) => localtunnel.url,
  },
  direct: {
    place: 'viewer',
    tunnels: ['wingman'],
    path: 'p2p',
    url: ({ wingman }) => wingman.url,
  },
  /** Whatever path the shell chooses; on opening that is the relay's first. */
  wingman: {
    place: 'viewer',
    tunnels: ['wingman'],
    path: 'auto',
    url: ({ wingman }) => wingman.url,
  },
  /** A page under a service worker that answers small requests itself: what the browser takes for that. */
  'bare worker': { place: 'host', url: ({ app }) => `http://localhost:${app.value}/` },
  /** A bare data channel, or as many as Wingman has lanes: the measure has its own page and peers. */
  raw: { place: 'viewer', channels: 1, url: () => 'data:text/html,raw' },
  raws: { place: 'viewer', channels: 4, url: () => 'data:text/html,raw' },
  relayed: {
    place: 'viewer',
    tunnels: ['wingman'],
    path: 'relay',
    url: ({ wingman }) => wingman.url,
  },
};

/** Programs of Debian's packages that a tunnel needs beside ours. */
const DEBIAN = {
  ssh: { '/usr/sbin/sshd': 'openssh-server', '/usr/bin/ssh': 'openssh-client' },
  caddy: { '/usr/bin/caddy': 'caddy' },
};

/** Why a peer can't be measured here; undefined when it can. */
export function missingFor(name) {
  const programs = (PEERS[name].tunnels ?? []).flatMap((tunnel) =>
    Object.entries(DEBIAN[tunnel] ?? {}),
  );
  const missing = programs.filter(([path]) => !existsSync(path)).map(([, found]) => found);
  return missing.length === 0 ? undefined : `apt-get install ${missing.join(' ')}`;
}

/** The app and the tunnels that some peers need, running in a lab. */
export class Scene {
  #app;
  #tunnels = {};
  #scratch = mkdtempSync(join(tmpdir(), 'wingman-bench-'));

  constructor(lab) {
    this.lab = lab;
  }

  static async start(lab, names) {
    const scene = new Scene(lab);
    try {
      await scene.#start(names);
    } catch (error) {
      await scene.stop();
      throw error;
    }
    return scene;
  }

  /** A peer with its URL, the programs that carry it by name, and what Chromium has to trust for it. */
  peer(name) {
    const { place, path, channels, url, tunnels = [] } = PEERS[name];
    const used = tunnels.map((tunnel) => this.#tunnels[tunnel]);
    for (const { error } of used) if (error !== undefined) throw error;
    return {
      ...{ name, place, path, channels, url: url(this.#parts) },
      trusted: used.map(({ trusted }) => trusted).find(Boolean),
      programs: Object.assign({ app: this.#app }, ...used.map(({ programs }) => programs)),
    };
  }

  async stop() {
    const programs = Object.values(this.#tunnels).flatMap((tunnel) =>
      Object.values(tunnel.programs),
    );
    // Clients go before their servers, which are listed first.
    for (const program of programs.reverse()) await program.stop();
    await this.#app?.stop();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  get #parts() {
    return { lab: this.lab, app: this.#app, scratch: this.#scratch, ...this.#tunnels };
  }

  async #start(names) {
    const address = this.lab.isLoopback ? '127.0.0.1' : '0.0.0.0';
    this.#app = await app(this.lab.inside('host'), address);
    const needed = new Set(names.flatMap((name) => PEERS[name].tunnels ?? []));
    for (const name of needed) {
      // One that does not start is not measured; the others are.
      this.#tunnels[name] = await TUNNELS[name](this.#parts).catch((error) => ({
        ...{ error, programs: {} },
      }));
    }
  }
}
