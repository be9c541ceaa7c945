import { duration, flag, iceUrls, integer, oneOf, text } from './setting-schemas.js';
import { setting } from './settings.js';

const HOUR_MS = 3_600_000;
/** Timers overflow beyond 24 days, and a forgotten session should end. */
const MAX_TTL_MS = 14 * 24 * HOUR_MS;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What both the tunnel server and the host are told; times in milliseconds. */
export const SHARED_SETTINGS = {
  sessionTtlMs: setting({
    variable: 'SESSION_TTL',
    option: '--expires <time>',
    default: '8h',
    good: '8h',
    meaning: 'How long a session lives at most: a number with s, m, h or d; at most 14d.',
    schema: duration(1_000, MAX_TTL_MS),
  }),
  linkGraceMs: setting({
    variable: 'LINK_GRACE',
    option: '--link-grace <time>',
    default: '60s',
    good: '60s',
    meaning:
      "How long a tab's tunnel that nothing carries waits for a way back before what is under way fails: 2s to 1h.",
    schema: duration(2_000, HOUR_MS),
  }),
  p2pEnabled: setting({
    variable: 'P2P_ENABLED',
    option: '--no-p2p',
    flagMeaning: 'Never connect directly: everything over the relay, sealed.',
    default: 'true',
    good: 'true',
    meaning: 'Whether direct WebRTC paths are tried; false: relay only.',
    schema: flag,
  }),
  p2pTimeoutMs: setting({
    variable: 'P2P_TIMEOUT_MS',
    option: '--p2p-timeout <ms>',
    default: '10000',
    good: '10000',
    meaning: 'How long one attempt at a direct path may take, in milliseconds.',
    schema: integer(500, 120_000),
  }),
  sparesRelay: setting({
    variable: 'SPARE_RELAY',
    option: '--spare-relay',
    flagMeaning: 'Relay only what no direct path can carry, also where the relay is faster.',
    default: 'false',
    good: 'true',
    meaning: 'Whether the relay carries only what no direct path can, also where it is faster.',
    schema: flag,
  }),
  stunServers: setting({
    variable: 'STUN_SERVERS',
    option: '--stun <urls>',
    default: '',
    good: 'stun:stun.example.org:3478,stun:192.0.2.7',
    meaning: 'Further STUN servers, separated by commas; empty: the embedded responder only.',
    schema: iceUrls('stun', 'stuns'),
  }),
  turnUrls: setting({
    variable: 'TURN_URLS',
    option: '--turn <urls>',
    default: '',
    good: 'turn:turn.example.org:3478?transport=udp',
    meaning: 'TURN servers (coturn), separated by commas; needs TURN_SECRET.',
    schema: iceUrls('turn', 'turns'),
  }),
  turnSecret: setting({
    variable: 'TURN_SECRET',
    default: '',
    good: 'the static-auth-secret of your coturn',
    meaning: "coturn's static-auth-secret, from which credentials with an expiry are made.",
    isSecret: true,
    schema: text,
  }),
  logLevel: setting({
    variable: 'LOG_LEVEL',
    option: '--log-level <level>',
    default: 'info',
    good: 'info',
    meaning: `What is logged: ${LOG_LEVELS.join(', ')}.`,
    schema: oneOf(LOG_LEVELS),
  }),
};
