import { createPrivateKey, X509Certificate } from 'node:crypto';
import { BlockList } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { WingmanError } from '@wingman/protocol';
import * as z from 'zod';
import { HOST_LIMITS } from '../../limits.js';
import { readPrivateFile, writePrivateFile } from '../../private-file.js';
import {
  createAuthority,
  createCertificate,
  OWN_NETWORKS,
  type KeyWithCertificate,
} from './certificate.js';

/** What a server on the local network shows, and what its visitors have to trust. */
export interface LanCertificate extends KeyWithCertificate {
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  /** SHA-256 of that certificate as phones show it: pairs of hex digits with colons. */
  readonly fingerprint: string;
}

const Stored = z.object({ key: z.string().min(1), cert: z.string().min(1) });

const WORDS = {
  holds: 'the key that your phones trust',
  deleting: 'to get a new one, which phones have to trust anew',
};

const OWN = new BlockList();
for (const network of OWN_NETWORKS) {
  const [address = '', bits] = network.split('/');
  OWN.addSubnet(address, Number(bits));
}

/**
 * A certificate for that address of this machine, by this user's own authority, which is made at the first time and kept.
 * Fails with REFUSED for an address that isn't private, and with KEY_UNSAFE when the key is not its owner's alone.
 */
export function lanCertificate(configDirectory: string, address: string): LanCertificate {
  if (!OWN.check(address)) {
    throw new WingmanError(
      'REFUSED',
      `--lan-tls is for private IPv4 addresses, and ${address} is none. A server with a name can have a certificate that browsers trust: --server`,
    );
  }
  const authority = keptAuthority(join(configDirectory, 'wingman', 'lan', 'authority.json'));
  const { fingerprint256: fingerprint } = new X509Certificate(authority.cert);
  const own = createCertificate(authority, address);
  return { ...own, authority: authority.cert, fingerprint };
}

/** Phones trust it once; so it is kept until it has become old. */
function keptAuthority(path: string): KeyWithCertificate {
  const stored = readPrivateFile(path, HOST_LIMITS.keyFileBytes, WORDS);
  const kept = stored === undefined ? undefined : parse(stored, path);
  if (kept !== undefined && isFresh(kept)) return kept;
  const made = createAuthority(`Wingman on ${hostname()}`);
  writePrivateFile(path, JSON.stringify(made));
  return made;
}

function parse(text: string, path: string): KeyWithCertificate {
  try {
    const stored = Stored.parse(JSON.parse(text));
    // What another key has signed no phone would take, and nobody would know why.
    if (new X509Certificate(stored.cert).checkPrivateKey(createPrivateKey(stored.key))) {
      return stored;
    }
    throw new Error('the key is not the one of the certificate');
  } catch (cause) {
    throw new Error(`${path} is damaged; delete it ${WORDS.deleting}`, { cause });
  }
}

/** Whether it outlives what it is to sign, and has begun: this machine's clock may have been ahead when it was made. */
function isFresh({ cert }: KeyWithCertificate): boolean {
  const { validFrom, validTo } = new X509Certificate(cert);
  const now = Date.now();
  return Date.parse(validFrom) <= now && Date.parse(validTo) > now + HOST_LIMITS.lanCertificateMs;
}
