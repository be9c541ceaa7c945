import multicastDns from 'multicast-dns';

/** Multicast DNS on the network that this address is of. Linux hears none on a socket that is bound to the address. */
export function openMulticast(address: string): multicastDns.MulticastDNS {
  const multicast = multicastDns({ interface: address, bind: '0.0.0.0' });
  // What can't be read, and a network that is gone: as if nobody had asked.
  multicast.on('warning', () => undefined);
  // A bind that fails is told twice, and whoever listens once has gone by then.
  multicast.on('error', () => undefined);
  return multicast;
}
