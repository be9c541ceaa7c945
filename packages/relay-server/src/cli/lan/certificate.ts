import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { HOST_LIMITS } from '../../limits.js';

/** A key and the certificate for it, as PEM. */
export interface KeyWithCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A day before now: the phone's clock may be behind. */
const BACKDATED_MS = 86_400_000;
/** ecdsa-with-SHA256 (RFC 5758 section 3.2). */
const ECDSA = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });
/** What stands for a common name (RFC 5280 appendix A.1). */
const COMMON_NAME = '2.5.4.3';
/** ub-common-name: longer ones a reader may refuse (RFC 5280 appendix A.1). */
const COMMON_NAME_CHARS = 64;

/** The networks for which an authority may sign: those that nobody has on the Internet (RFC 1918, RFC 3927). */
export const OWN_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'];
/** Names are restricted as well, or every name would be permitted (RFC 5280 section 4.2.1.10). */
const OWN_NAME = 'localhost';

/** A new authority. A phone that trusts it trusts it for private addresses alone, whoever has its key. */
export function createAuthority(name: string): KeyWithCertificate {
  const { privateKey, publicKey } = newKeys();
  const issuer = nameOf(name);
  const permitted = [
    ...OWN_NETWORKS.map((iPAddress) => new GeneralName({ iPAddress })),
    new GeneralName({ dNSName: OWN_NAME }),
  ].map((base) => new GeneralSubtree({ base }));
  const cert = signed({
    ...{ subject: issuer, issuer, publicKey, signer: privateKey },
    lifeMs: HOST_LIMITS.lanAuthorityMs,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign)),
      extension(
        id_ce_nameConstraints,
        new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted) }),
      ),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdOf(publicKey))),
    ],
  });
  return { key: pemOf(privateKey), cert };
}

/** A certificate of that authority for one IPv4 address, with a key of its own. */
export function createCertificate(
  authority: KeyWithCertificate,
  address: string,
): KeyWithCertificate {
  const { privateKey, publicKey } = newKeys();
  const { publicKey: authorityKey, raw } = new X509Certificate(authority.cert);
  const issuer = AsnConvert.parse(raw, Certificate).tbsCertificate.subject;
  const iPAddress = new GeneralName({ iPAddress: address });
  const keyIdentifier = new KeyIdentifier(keyIdOf(authorityKey));
  const cert = signed({
    // No host name, which would be held against the names that the authority may sign.
    ...{ subject: nameOf('Wingman session'), issuer, publicKey, signer: authority.key },
    lifeMs: HOST_LIMITS.lanCertificateMs,
    extensions: [
      extension(id_ce_subjectAltName, new SubjectAlternativeName([iPAddress])),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier })),
    ],
  });
  return { key: pemOf(privateKey), cert };
}

interface ToSign {
  readonly subject: Name;
  readonly issuer: Name;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject | string;
  readonly lifeMs: number;
  readonly extensions: Extension[];
}

/** The certificate as PEM (RFC 5280 section 4.1). */
function signed({ extensions, issuer, lifeMs, publicKey, signer, subject }: ToSign): string {
  const now = Date.now();
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    // Positive, and of a length that every reader takes.
    serialNumber: bufferOf(Buffer.from([1, ...randomBytes(15)])),
    signature: ECDSA,
    ...{ issuer, subject },
    validity: new Validity({
      notBefore: new Date(now - BACKDATED_MS),
      notAfter: new Date(now + lifeMs),
    }),
    subjectPublicKeyInfo: spkiOf(publicKey),
    extensions: new Extensions(extensions),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer);
  const signatureValue = bufferOf(signature);
  const parts = { tbsCertificate, signatureAlgorithm: ECDSA, signatureValue };
  const der = AsnConvert.serialize(new Certificate(parts));
  return new X509Certificate(Buffer.from(der)).toString();
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName.slice(0, COMMON_NAME_CHARS) });
  const attribute = new AttributeTypeAndValue({ type: COMMON_NAME, value });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

function spkiOf(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** By it a reader finds the key that has signed; strict ones want it (RFC 5280 section 4.2.1.1, RFC 7093 section 2). */
function keyIdOf(key: KeyObject): ArrayBuffer {
  const hash = createHash('sha256')
    .update(Buffer.from(spkiOf(key).subjectPublicKey))
    .digest();
  return bufferOf(hash.subarray(0, 20));
}

/** What no reader has to understand to take a certificate. */
const OPTIONAL = new Set<string>([
  id_ce_authorityKeyIdentifier,
  id_ce_extKeyUsage,
  id_ce_subjectKeyIdentifier,
]);

function extension(extnID: string, value: unknown): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical: !OPTIONAL.has(extnID), extnValue });
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
