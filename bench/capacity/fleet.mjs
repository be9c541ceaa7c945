import { startChild } from './children.mjs';

/** A process may have so many descriptors; a host has two connections. */
const HOSTS_EACH = 5_000;
const FIRST_NET = 16;

/** Many hosts, in as many processes as they need; `ready` of them keep a connection ready. They register, or they are bare: connections that ping. */
export class Fleet {
  constructor(children) {
    this.children = children;
  }

  static async of(nodes, count, ready, kind = 'light') {
    const children = [];
    for (let first = 0; first < count; first += HOSTS_EACH) {
      const size = Math.min(HOSTS_EACH, count - first);
      const settings = {
        nodes: nodes.map(({ url }) => url),
        net: FIRST_NET + children.length,
        count: size,
        kind,
        ready: Math.max(0, Math.min(size, ready - first)),
      };
      children.push(await startChild('hosts', settings));
    }
    return new Fleet(children);
  }

  /** Has all of them register, one process after another; resolves with how many did, and with what the others met. */
  async register(withinMs) {
    const all = [];
    for (const child of this.children) {
      all.push(await child.ask('start', { withinMs }, 2 * withinMs));
    }
    const refusals = summed(all.map(({ refusals: each }) => each));
    return { registered: sum(all.map(({ registered }) => registered)), refusals };
  }

  mark() {
    return Promise.all(this.children.map((child) => child.ask('mark')));
  }

  async status() {
    const all = await Promise.all(this.children.map((child) => child.ask('status')));
    return {
      online: sum(all.map(({ online }) => online)),
      times: all.flatMap(({ times }) => times),
      refusals: summed(all.map(({ refusals }) => refusals)),
    };
  }

  async names() {
    return (await Promise.all(this.children.map((child) => child.ask('names')))).flat();
  }

  stop() {
    return Promise.all(this.children.map((child) => child.stop()));
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function summed(counts) {
  const all = {};
  for (const [key, count] of counts.flatMap(Object.entries)) all[key] = (all[key] ?? 0) + count;
  return all;
}
