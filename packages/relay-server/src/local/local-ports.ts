import type { Clock } from '@wingman/protocol';
import { LocalClient } from './local-client.js';
import { Loopback } from './loopback.js';
import { Slots } from './slots.js';

/** Through which door an exchange came: a viewer's own link, or the tunnel server's plain HTTP door. */
export type Via = 'viewer' | 'ingress';

/** A port of this machine that may be dialled. */
export interface LocalTarget {
  readonly loopback: Loopback;
  readonly client: LocalClient;
  readonly slots: Slots;
}

/** The ports of this machine that requests may reach: the shared one, and those of `--also`. */
export class LocalPorts {
  readonly shared: LocalTarget;
  /** In the order they were given. */
  readonly also: readonly number[];
  readonly #targets: ReadonlyMap<number, LocalTarget>;

  constructor(port: number, also: readonly number[], clock?: Clock) {
    this.also = [...new Set(also)].filter((other) => other !== port);
    this.shared = targetOf(port, clock);
    this.#targets = new Map([
      [port, this.shared],
      ...this.also.map((other) => [other, targetOf(other, clock)] as const),
    ]);
  }

  /**
   * What a request may reach by the port it names, 0 being the shared one; undefined when it may not.
   * Other ports are for viewers, whose links only the link key opens: the tunnel server could write anything at its own door.
   */
  find(port: number, via: Via): LocalTarget | undefined {
    if (port === 0) return this.shared;
    return via === 'viewer' ? this.#targets.get(port) : undefined;
  }

  /** Ends every exchange at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#targets.values()].map(({ client }) => client.close()));
  }
}

function targetOf(port: number, clock: Clock | undefined): LocalTarget {
  const loopback = new Loopback(port);
  return { loopback, client: new LocalClient(loopback), slots: new Slots(clock) };
}
