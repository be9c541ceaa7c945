import type { Sample, ViewerInfo, ViewersState, VisitorName } from '@wingman/inspector';
import { BoundedMap, systemClock, type Clock, type LinkStats, type Timer } from '@wingman/protocol';
import type { Commons, LocalApp, ServedLink } from '../exchange/local-app.js';
import { HOST_LIMITS } from '../limits.js';

/** What of a host tells of its viewers. */
export interface WatchedHost {
  readonly app: Pick<LocalApp, 'links'>;
  readonly commons: Pick<Commons, 'candidates' | 'entrance'>;
}

interface Series {
  samples: Sample[];
  /** All bytes at the last sample. */
  down: number;
  up: number;
}

/** Measures all viewers once a second, and keeps the last ten minutes. */
export class ViewerWatch {
  readonly #series = new BoundedMap<string, Series>(HOST_LIMITS.inspectorViewers);
  readonly #roundTrips = new BoundedMap<string, number>(HOST_LIMITS.inspectorViewers);
  readonly #visitors = new BoundedMap<string, VisitorName>(HOST_LIMITS.inspectorTabs);
  #timer: Timer;

  /** `hosts` are asked each time: those of other ports come later. */
  constructor(
    private readonly hosts: () => readonly WatchedHost[],
    private readonly clock: Clock = systemClock,
  ) {
    this.#timer = this.#schedule();
  }

  /** The viewers as they are now. */
  state(): ViewersState {
    const viewers = this.#all.map(([host, served]) => infoOf(host, served));
    const visitors = this.hosts()[0]?.commons.entrance.visitors ?? [];
    const samples = viewers.map(({ id }) => [id, this.#series.get(id)?.samples ?? []] as const);
    return { viewers, visitors, samples: Object.fromEntries(samples) };
  }

  /** The round trip of a viewer's link at the last sample, in milliseconds; null when it isn't known. */
  rttOf(id: string): number | null {
    // Asked at each request: a link's own account of itself takes longer than the rest of a record.
    return this.#roundTrips.get(id) ?? this.#firstRtt(id);
  }

  /** Whose a viewer's link is or was; undefined before its first request, and for one that has gone within a second. */
  readonly visitorOf = (id: string): VisitorName | undefined => {
    const known = this.#visitors.get(id);
    if (known !== undefined) return known;
    const found = this.#all.find(([, { link }]) => link.id === id);
    if (found !== undefined) this.#remember(...found);
    return this.#visitors.get(id);
  };

  stop(): void {
    this.#timer.cancel();
  }

  get #all(): [WatchedHost, ServedLink][] {
    return this.hosts().flatMap((host) =>
      [...host.app.links.values()]
        .filter(({ via }) => via === 'viewer')
        .map((served): [WatchedHost, ServedLink] => [host, served]),
    );
  }

  #schedule(): Timer {
    return this.clock.setTimeout(() => {
      for (const [host, served] of this.#all) {
        this.#remember(host, served);
        this.#measure(served.link.stats());
      }
      this.#timer = this.#schedule();
    }, HOST_LIMITS.inspectorSampleMs);
  }

  #remember({ commons }: WatchedHost, { link, viewer }: ServedLink): void {
    const visitor = commons.entrance.visitorOf(viewer());
    if (visitor === undefined) return;
    this.#visitors.set(link.id, { number: visitor.number, browser: visitor.browser });
  }

  /** Before the first sample. */
  #firstRtt(id: string): number | null {
    const [served] = this.hosts().flatMap(({ app }) => app.links.get(id) ?? []);
    const rttMs = served === undefined ? null : rttOf(served.link.stats());
    if (rttMs !== null) this.#roundTrips.set(id, rttMs);
    return rttMs;
  }

  #measure(stats: LinkStats): void {
    const { p2p, relay } = stats.bytes;
    const now = { down: p2p.out + relay.out, up: p2p.in + relay.in };
    const series = this.#series.get(stats.id) ?? { samples: [], ...now };
    const perSecond = 1_000 / HOST_LIMITS.inspectorSampleMs;
    const sample: Sample = {
      at: Date.now(),
      rttMs: rttOf(stats),
      down: (now.down - series.down) * perSecond,
      up: (now.up - series.up) * perSecond,
      path: stats.path,
    };
    if (sample.rttMs !== null) this.#roundTrips.set(stats.id, sample.rttMs);
    const samples = [...series.samples.slice(1 - HOST_LIMITS.inspectorSamples), sample];
    this.#series.set(stats.id, { samples, ...now });
  }
}

function infoOf({ commons }: WatchedHost, { link, viewer, address }: ServedLink): ViewerInfo {
  const stats = link.stats();
  const visitor = commons.entrance.visitorOf(viewer());
  const from = address?.();
  return {
    id: link.id,
    browser: visitor?.browser ?? 'unknown browser',
    ...(from !== undefined && { address: from }),
    path: stats.path,
    rttMs: rttOf(stats),
    switches: stats.switches,
    lanes: (['p2p', 'relay'] as const)
      .filter((kind) => stats.quality[kind] !== null)
      .map((kind) => ({ kind, rttMs: stats.rttMs[kind], ...stats.bytes[kind] })),
    candidates: commons.candidates.of(link.id),
    ...(visitor !== undefined && { visitor: visitor.number }),
  };
}

function rttOf({ path, rttMs }: LinkStats): number | null {
  return path === 'offline' ? null : rttMs[path];
}
