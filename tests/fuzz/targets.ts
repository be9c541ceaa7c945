import type { Target } from './target.js';
import { codec } from './targets/codec.js';
import { httpEdge } from './targets/http-edge.js';
import { sdp } from './targets/sdp.js';
import { signaling } from './targets/signaling.js';

/** What is fuzzed. */
export const TARGETS: readonly Target[] = [codec, signaling, httpEdge, sdp];
