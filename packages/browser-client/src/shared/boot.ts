import { LIMITS } from '@wingman/protocol';

/** What the tunnel server tells the shell in the page itself, so that no request is spent on it. */
export interface Boot {
  session: string;
  serverOrigin: string;
  /** base64url of the host's current ResponderHello; null while the host is away. */
  prekey: string | null;
  ingressAllowed: boolean;
  p2p: { enabled: boolean; timeoutMs: number };
  /** How long a link waits for a carrier, in milliseconds. */
  linkGraceMs: number;
  version: string;
}

const FALLBACK_P2P_TIMEOUT_MS = 10_000;

/** Reads the boot record; a missing or garbled one gives the cautious default, so that the shell can still explain itself. */
export function parseBoot(text: string | null | undefined): Boot {
  const raw = parseObject(text);
  const p2p = asObject(raw['p2p']);
  return {
    session: asString(raw['session']) ?? '',
    serverOrigin: asString(raw['serverOrigin']) ?? '',
    prekey: asString(raw['prekey']) ?? null,
    ingressAllowed: raw['ingressAllowed'] === true,
    p2p: {
      enabled: p2p['enabled'] !== false,
      timeoutMs: asPositive(p2p['timeoutMs']) ?? FALLBACK_P2P_TIMEOUT_MS,
    },
    linkGraceMs: asPositive(raw['linkGraceMs']) ?? LIMITS.linkGraceMs,
    version: asString(raw['version']) ?? '',
  };
}

function parseObject(text: string | null | undefined): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asPositive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
