/** A STUN or TURN server's address in its parts. */
export interface IceUrl {
  readonly scheme: 'stun' | 'stuns' | 'turn' | 'turns';
  /** An IPv6 address is in brackets. */
  readonly hostname: string;
  /** The one named, else the scheme's own. */
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

const ICE_URL =
  /^(stun|stuns|turn|turns):(\[[0-9a-f:.]+\]|[^\s,/:?[\]]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

const PORTS = { stun: 3478, turn: 3478, stuns: 5349, turns: 5349 } as const;

/** Takes a STUN or TURN address apart (RFC 7064, RFC 7065); undefined when the text is none. */
export function parseIceUrl(text: string): IceUrl | undefined {
  const [, scheme = '', hostname = '', port, transport] = ICE_URL.exec(text) ?? [];
  const kind = scheme.toLowerCase();
  if (!isScheme(kind)) return undefined;
  return {
    scheme: kind,
    hostname,
    port: Number(port ?? PORTS[kind]),
    transport: transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
  };
}

function isScheme(text: string): text is IceUrl['scheme'] {
  return Object.hasOwn(PORTS, text);
}
