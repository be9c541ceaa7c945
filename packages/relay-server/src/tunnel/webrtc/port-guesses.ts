/**
 * So many ports behind the one that a STUN server has seen. Each address that is tried takes one more: the other end's own,
 * what STUN has seen of it, and a mapped port.
 */
const GUESSES = 8;
const MAX_PORT = 65_535;
/** The foundation of such candidates: no STUN server has seen them (RFC 8445 section 5.1.1.3). */
const GUESSED = 'guess';

/**
 * A symmetric NAT gives out a port for each destination, and some give out one after the other (RFC 4787 section 4.1).
 * These are candidates for the ports that come next; none for what is no server-reflexive candidate of UDP over IPv4.
 */
export function nextPorts(candidate: string): string[] {
  const [, head = '', port = '', tail = ''] =
    /^candidate:\S+( 1 udp \d+ \d+(?:\.\d+){3}) (\d+) (typ srflx\b.*)$/i.exec(candidate) ?? [];
  const guesses = Array.from({ length: GUESSES }, (_, n) => Number(port) + n + 1);
  if (head === '') return [];
  return guesses
    .filter((guess) => guess <= MAX_PORT)
    .map((guess) => `candidate:${GUESSED}${head} ${guess} ${tail}`);
}
