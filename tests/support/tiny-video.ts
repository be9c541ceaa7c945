/** A VP8 key frame of one pixel (RFC 6386 section 9.1). */
const KEY_FRAME = Buffer.from(
  '30010 09d012a0100 01000ec0fe25a400 037000000000'.replaceAll(' ', ''),
  'hex',
);
const TRACK = 1;

/**
 * A WebM of one pixel: `seconds` clusters of a second each, every one `clusterBytes` long, and an
 * index in front of them, so that a player that seeks asks for a range.
 */
export function tinyVideo(seconds: number, clusterBytes: number): Buffer {
  const info = element('1549a966', [
    element('2ad7b1', [uint(1_000_000)]),
    element('4489', [float(seconds * 1_000)]),
    element('4d80', [Buffer.from('test')]),
    element('5741', [Buffer.from('test')]),
  ]);
  const video = element('e0', [element('b0', [uint(1)]), element('ba', [uint(1)])]);
  const track = element('ae', [
    element('d7', [uint(TRACK)]),
    element('73c5', [uint(TRACK)]),
    element('83', [uint(1)]),
    element('86', [Buffer.from('V_VP8')]),
    video,
  ]);
  const tracks = element('1654ae6b', [track]);
  const clusters = range(seconds).map((second) => cluster(second * 1_000, clusterBytes));
  const before = info.length + tracks.length;
  // Numbers have eight bytes, so the index is as long whatever stands in it.
  const indexBytes = cues(seconds, 0, clusterBytes).length;
  const index = cues(seconds, before + indexBytes, clusterBytes);
  const header = element('1a45dfa3', [
    element('4282', [Buffer.from('webm')]),
    element('4287', [uint(2)]),
    element('4285', [uint(2)]),
  ]);
  return Buffer.concat([header, element('18538067', [info, tracks, index, ...clusters])]);
}

function cluster(milliseconds: number, bytes: number): Buffer {
  const timecode = element('e7', [uint(milliseconds)]);
  const block = element('a3', [Buffer.from([0x80 | TRACK, 0, 0, 0x80]), KEY_FRAME]);
  const content = timecode.length + block.length;
  const [own, padding] = [4 + 8, 1 + 8];
  const padded = element('ec', [Buffer.alloc(bytes - own - content - padding)]);
  return element('1f43b675', [timecode, block, padded]);
}

/** Where each second's cluster begins, counted from the segment's content. */
function cues(seconds: number, start: number, clusterBytes: number): Buffer {
  const points = range(seconds).map((second) => {
    const position = element('f1', [uint(start + second * clusterBytes)]);
    const place = element('b7', [element('f7', [uint(TRACK)]), position]);
    return element('bb', [element('b3', [uint(second * 1_000)]), place]);
  });
  return element('1c53bb6b', points);
}

/** An EBML element (RFC 8794 section 6), its size in eight bytes. */
function element(id: string, content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = uint(body.length);
  size[0] = 1;
  return Buffer.concat([Buffer.from(id, 'hex'), size, body]);
}

function uint(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
