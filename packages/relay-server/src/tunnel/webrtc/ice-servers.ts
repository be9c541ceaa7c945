import { parseIceUrl } from '@wingman/node-kit';
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

function toOne(url: string, server: IceServerAddress): string | LibdatachannelServer | undefined {
  const address = parseIceUrl(url);
  if (address === undefined || address.scheme === 'stuns') return undefined;
  const { scheme, hostname, port, transport } = address;
  if (scheme === 'stun') return `stun:${hostname}:${port}`;
  return {
    hostname,
    port,
    username: server.username,
    password: server.credential,
    relayType: RELAY_TYPES[`${scheme}:${transport}`],
  };
}
