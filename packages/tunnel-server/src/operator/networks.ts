import { BlockList, isIP } from 'node:net';

/** Reads addresses and networks, written as `192.0.2.7` and `192.0.2.0/24`; undefined when a text is neither. */
export function networksOf(texts: readonly string[]): BlockList | undefined {
  const networks = new BlockList();
  return texts.every((text) => addNetwork(networks, text)) ? networks : undefined;
}

/** Whether `networks` contains an address, alone or in a network. */
export function includesAddress(networks: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && networks.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Adds an address, or a network such as 192.0.2.0/24; false when the text is neither. */
export function addNetwork(addresses: BlockList, text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) {
    addresses.addAddress(address, kind);
    return true;
  }
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (bits > (family === 6 ? 128 : 32)) return false;
  addresses.addSubnet(address, bits, kind);
  return true;
}
