import type { IceServer as LibdatachannelServer } from 'node-datachannel';
import type { IceServerAddress } from './engine.js';

const RELAY_TYPES = {
  'turn:udp': 'TurnUdp',
  'turn:tcp': 'TurnTcp',
  'turns:udp': 'TurnTls',
  'turns:tcp': 'TurnTls',
} as const;

/** ICE servers in node-datachannel's words; addresses it can't use are left out (RFC 7064, RFC 7065). */
export function toLibdatachannel(
  servers: readonly IceServerAddress[],
): (string | LibdatachannelServer)[] {
  return servers.flatMap((server) =>
    server.urls.flatMap((url) => {
      const one = toOne(url, server);
      return one === undefined ? [] : [one];
    }),
  );
}

const ICE_URL =
  /^(stun|stuns|turn|turns):(\[[0-9a-f:.]+\]|[^:?[\]]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i;

function toOne(url: string, server: IceServerAddress): string | LibdatachannelServer | undefined {
  const match = ICE_URL.exec(url);
  if (match === null) return undefined;
  const scheme = (match[1] ?? '').toLowerCase();
  const hostname = match[2] ?? '';
  if (scheme === 'stun') return `stun:${hostname}:${match[3] ?? '3478'}`;
  if (scheme === 'stuns') return undefined;
  const kind = scheme === 'turns' ? 'turns' : 'turn';
  const transport = match[4]?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  return {
    hostname,
    port: Number(match[3] ?? (kind === 'turns' ? 5349 : 3478)),
    username: server.username,
    password: server.credential,
    relayType: RELAY_TYPES[`${kind}:${transport}`],
  };
}

/** Whether a text is a STUN or TURN address an engine understands. */
export function isIceUrl(text: string): boolean {
  return ICE_URL.test(text);
}
