import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Which way relayed bytes went. */
export type RelayDirection = 'to_host' | 'to_viewer';

/** Limits whose refusals are counted. */
const LIMITS_COUNTED = [
  'registrations',
  'unknown-names',
  'renewals',
  'unproved-hosts',
  'host-turns',
  'sessions',
  'sessions-per-address',
  'sockets',
  'memory',
  'memory-shed',
  'rate',
] as const;

/** Causes of changed paths; what has no sample yet has no rate when it comes first. */
const CAUSES_COUNTED = ['upgraded', 'chosen', 'fell-back', 'lost'] as const;

/** What the gauges read when they are scraped. */
export interface MetricsSources {
  sessions: () => number;
  viewers: () => number;
  /** Of WebSocket messages at the ingress. */
  heldMessageBytes: () => number;
  /** Of everything that waits for a reader. */
  heldBytes: () => number;
  sockets: () => number;
  bytesPerSecond: () => number;
}

/** The server's counters, in a registry of their own so that two servers can share a process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly relayBytes = this.#counter('relay_bytes_total', 'Bytes spliced by the relay', [
    'direction',
  ]);
  readonly ingressRequests = this.#counter('ingress_requests_total', 'Requests at the ingress', [
    'status',
  ]);
  readonly limitsExceeded = this.#counter('limits_exceeded_total', 'What a limit has refused', [
    'limit',
  ]);
  readonly hostsRefused = this.#counter('hosts_refused_total', 'Hosts that were not registered', [
    'code',
  ]);
  readonly ingressCuts = this.#counter(
    'ingress_cuts_total',
    'WebSockets at the ingress closed because a message took too much memory or time',
    ['code'],
  );
  readonly p2pAttempts = this.#counter('p2p_attempts_total', 'Direct paths tried, as viewers say');
  readonly p2pConnected = this.#counter('p2p_connected_total', 'Direct paths that came up', [
    'way',
  ]);
  readonly p2pFailed = this.#counter('p2p_failed_total', 'Direct paths that did not', ['reason']);
  readonly p2pPairs = this.#counter(
    'p2p_pairs_total',
    'What became of direct paths, by the NATs at both ends',
    ['viewer_nat', 'host_nat', 'outcome'],
  );
  readonly fallbacks = this.#counter('fallbacks_total', 'Direct paths lost to the relay');
  readonly pathBytes = this.#counter('path_bytes_total', 'Bytes by data channels, as hosts say', [
    'way',
  ]);
  readonly pathChanges = this.#counter('path_changes_total', 'Changes of path, as hosts say', [
    'cause',
  ]);
  readonly savedSeconds = new Histogram({
    name: 'wingman_p2p_saved_seconds',
    help: 'How much shorter a direct path’s round trip was than the relay’s as it took over',
    buckets: [-0.05, -0.01, 0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    registers: [this.#registry],
  });
  readonly p2pSetupSeconds = new Histogram({
    name: 'wingman_p2p_setup_seconds',
    help: 'From the offer to a proved direct path',
    buckets: [0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30],
    registers: [this.#registry],
  });

  constructor(sources: MetricsSources) {
    this.#gauge('sessions', 'Sessions that are online or waiting for their host', sources.sessions);
    this.#gauge('viewers', 'Viewers connected to signaling', sources.viewers);
    for (const limit of LIMITS_COUNTED) this.limitsExceeded.inc({ limit }, 0);
    this.#gauge(
      'ingress_held_bytes',
      'Memory for messages of WebSockets at the ingress',
      sources.heldMessageBytes,
    );
    this.#gauge('held_bytes', 'Memory for all that waits for a reader', sources.heldBytes);
    this.#gauge('sockets', 'TCP connections', sources.sockets);
    this.#gauge('bytes_per_second', 'What passes the server, both ways', sources.bytesPerSecond);
    for (const way of ['direct', 'turn']) {
      this.p2pConnected.inc({ way }, 0);
      this.pathBytes.inc({ way }, 0);
    }
    for (const cause of CAUSES_COUNTED) this.pathChanges.inc({ cause }, 0);
    this.relayBytes.inc({ direction: 'to_host' }, 0);
    this.relayBytes.inc({ direction: 'to_viewer' }, 0);
  }

  /** The exposition text and its content type. */
  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  /** The sum of a metric's samples whose labels include `labels`; for programs that embed the server. */
  async value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = await this.#registry.getSingleMetric(name)?.get();
    const wanted = Object.entries(labels);
    return (metric?.values ?? [])
      .filter((sample) => wanted.every(([label, value]) => String(sample.labels[label]) === value))
      .reduce((sum, sample) => sum + sample.value, 0);
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
    const registers = [this.#registry];
    return new Counter<Label>({ name: `wingman_${name}`, help, labelNames, registers });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `wingman_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
