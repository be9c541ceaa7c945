import type { Snapshot } from './campaign.js';
import type { Lab } from '../lab/network.js';
import type { Host, LocalApp, TunnelServer } from './parts.js';
import type { Viewer } from './viewer.js';

/** All that a fault may touch. */
export interface World {
  lab: Lab;
  app: LocalApp;
  server: TunnelServer;
  host: Host;
  viewer: Viewer;
  sleep: (milliseconds: number) => Promise<void>;
  /** The last that page and app have said. */
  latest?: Snapshot;
}
