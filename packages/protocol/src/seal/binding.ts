/** The DTLS certificate fingerprints of a peer connection, as SDP writes them (RFC 8122 section 5): `sha-256 AB:CD:…`. */
export interface Binding {
  initiator: string;
  responder: string;
}

const LINE = /^a=fingerprint:.*/gim;
const FINGERPRINT = /^a=fingerprint:[\w-]+ +[0-9A-F]{2}(?::[0-9A-F]{2})*\s*$/i;

/**
 * The DTLS certificate fingerprint of a session description, in the form of a Binding: `sha-256 AB:CD…`
 * (RFC 8122 section 5). Undefined when there is none, when one is malformed, or when the session and its media have
 * different ones. A WebRTC engine could then check the peer with another fingerprint than the handshake proves.
 */
export function fingerprintOf(sdp: string): string | undefined {
  const all = [...sdp.matchAll(LINE)].map(([line]) => normalized(line));
  return new Set(all).size === 1 ? all[0] : undefined;
}

/** Brings a fingerprint into one spelling, because hash names and digits may be in either case. */
function normalized(line: string): string | undefined {
  if (!FINGERPRINT.test(line)) return undefined;
  const space = line.indexOf(' ');
  const hash = line.slice(line.indexOf(':') + 1, space);
  return `${hash.toLowerCase()} ${line.slice(space).trim().toUpperCase()}`;
}
