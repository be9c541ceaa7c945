import type { ShareConfig } from '../../config.js';

/** What a check has found: good, bad, or worth knowing. */
export interface Finding {
  readonly about: string;
  readonly grade: 'good' | 'note' | 'bad';
  readonly says: string;
  /** What to do; for what isn't good. */
  readonly cure?: string;
}

/** What is looked at, of what `wingman share` would run with. */
export interface Examined extends Pick<
  ShareConfig,
  'server' | 'stunServers' | 'tunnelPort' | 'mapsPorts'
> {
  /** The whole link of a session that is gone to, if any. */
  readonly peer?: string | undefined;
}
