import type { EngineName, PeerEngine } from './engine.js';
import { ENGINE_NAMES } from './engine.js';
import { withLocalNames } from './local-names.js';
import { loadNodeDatachannel } from './node-datachannel.js';
import { loadWrtc } from './wrtc.js';

export { ENGINE_NAMES } from './engine.js';
export type { EngineName, IceServerAddress, Peer, PeerEngine, PeerHandlers } from './engine.js';

/** Which engine to load: one by name, or the first that loads. */
export const ENGINE_CHOICES = ['auto', ...ENGINE_NAMES] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

type Loader = () => Promise<PeerEngine>;

const LOADERS: Readonly<Record<EngineName, Loader>> = {
  'node-datachannel': loadNodeDatachannel,
  wrtc: loadWrtc,
};

/** The result of loading: the engine, or why there is none. */
export interface LoadedEngine {
  readonly engine: PeerEngine | undefined;
  readonly failures: readonly string[];
}

/** Loads a WebRTC engine; none, when no binary of those allowed loads on this platform. Never throws. */
export async function loadEngine(
  choice: EngineChoice,
  loaders: Readonly<Record<EngineName, Loader>> = LOADERS,
): Promise<LoadedEngine> {
  const failures: string[] = [];
  for (const name of choice === 'auto' ? ENGINE_NAMES : [choice]) {
    try {
      return { engine: withLocalNames(await loaders[name]()), failures };
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { engine: undefined, failures };
}
