import { isIPv4 } from 'node:net';

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const XOR_MAPPED_ADDRESS = 0x0020;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
/** Comprehension-required attributes that a request may have: USERNAME to NONCE, PRIORITY, USE-CANDIDATE. */
const KNOWN_REQUIRED = new Set([
  0x0006, 0x0008, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e, 0x0024, 0x0025,
]);
const FIRST_OPTIONAL = 0x8000;
/** Unknown attributes reported; a request can't make the error larger than this. */
const MAX_REPORTED = 4;

/** A well-formed binding request. */
export interface BindingRequest {
  /** 12 bytes. */
  transactionId: Buffer;
  /** Comprehension-required attributes we don't know (RFC 8489 section 6.3.1). */
  unknown: number[];
}

/** Reads a STUN binding request (RFC 8489 section 5); undefined for everything else. */
export function parseBindingRequest(packet: Buffer): BindingRequest | undefined {
  if (packet.length < HEADER_BYTES || packet.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  const length = packet.readUInt16BE(2);
  if (length % 4 !== 0 || length !== packet.length - HEADER_BYTES) return undefined;
  if (packet.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  const unknown = unknownAttributes(packet.subarray(HEADER_BYTES));
  return unknown && { transactionId: Buffer.from(packet.subarray(8, HEADER_BYTES)), unknown };
}

/** The answer to a binding request that came from `address`:`port`. */
export function bindingResponse(request: BindingRequest, address: string, port: number): Buffer {
  if (request.unknown.length > 0) return unknownAttributeError(request);
  const value = xorAddress(canonicalAddress(address), port, request.transactionId);
  return message(BINDING_SUCCESS, request, [attribute(XOR_MAPPED_ADDRESS, value)]);
}

/** `::ffff:192.0.2.1` is an IPv4 address seen through an IPv6 socket; a zone is not part of an address. */
export function canonicalAddress(address: string): string {
  const [plain = ''] = address.split('%');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  return mapped?.[1] ?? plain;
}

function unknownAttributes(body: Buffer): number[] | undefined {
  const unknown: number[] = [];
  let offset = 0;
  while (offset < body.length) {
    if (body.length - offset < 4) return undefined;
    const type = body.readUInt16BE(offset);
    const padded = (body.readUInt16BE(offset + 2) + 3) & ~3;
    offset += 4 + padded;
    if (offset > body.length) return undefined;
    if (type < FIRST_OPTIONAL && !KNOWN_REQUIRED.has(type)) unknown.push(type);
  }
  return unknown.slice(0, MAX_REPORTED);
}

function unknownAttributeError(request: BindingRequest): Buffer {
  const types = Buffer.alloc(request.unknown.length * 2);
  request.unknown.forEach((type, index) => types.writeUInt16BE(type, index * 2));
  const error = Buffer.concat([Buffer.from([0, 0, 4, 20]), Buffer.from('Unknown Attribute')]);
  const attributes = [attribute(ERROR_CODE, error), attribute(UNKNOWN_ATTRIBUTES, types)];
  return message(BINDING_ERROR, request, attributes);
}

function message(type: number, request: BindingRequest, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  return Buffer.concat([header, request.transactionId, body]);
}

function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + ((value.length + 3) & ~3));
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

/** RFC 8489 section 14.2: the port and address XORed with the cookie, IPv6 with the transaction id too. */
function xorAddress(address: string, port: number, transactionId: Buffer): Buffer {
  const bytes = isIPv4(address) ? ipv4Bytes(address) : ipv6Bytes(address);
  const mask = Buffer.alloc(4 + transactionId.length);
  mask.writeUInt32BE(MAGIC_COOKIE, 0);
  transactionId.copy(mask, 4);
  const value = Buffer.alloc(4 + bytes.length);
  value.writeUInt8(bytes.length === 4 ? 1 : 2, 1);
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  bytes.forEach((byte, index) => value.writeUInt8(byte ^ mask.readUInt8(index), 4 + index));
  return value;
}

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function ipv6Bytes(address: string): Buffer {
  const [left = '', right] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = groups(right ?? '');
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, index) => {
    bytes.writeUInt16BE(parseInt(group, 16), index * 2);
  });
  return bytes;
}
