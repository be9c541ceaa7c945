import type { TransitionTable } from '@wingman/protocol';

/**
 * idle: nothing to do yet. asking: the host has been asked. offering: descriptions and candidates
 * are exchanged. proving: the channel is open, the key not proved. connected: it carries.
 * resting: until the next attempt. off: not possible here, or not wanted.
 */
export type P2pState = 'idle' | 'asking' | 'offering' | 'proving' | 'connected' | 'resting' | 'off';

export const P2P_TRANSITIONS: TransitionTable<P2pState> = {
  idle: ['asking', 'off'],
  asking: ['offering', 'resting', 'idle', 'off'],
  offering: ['proving', 'resting', 'idle'],
  proving: ['connected', 'resting', 'idle'],
  connected: ['resting', 'idle'],
  resting: ['asking', 'idle', 'off'],
  off: ['idle'],
};
