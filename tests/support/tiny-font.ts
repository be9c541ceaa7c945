const EM = 1_000;
/** The width of its letter A, in ems. */
const WIDTH_OF_A = 3;

/** A TrueType font (ISO/IEC 14496-22) of one letter, an A that is a box three ems wide. */
export function tinyFont(): Buffer {
  const glyph = int16(1, 0, 0, EM, EM, 3, 0);
  // Four points on the curve, each with its distance from the last one.
  const points = Buffer.concat([Buffer.from([1, 1, 1, 1]), int16(0, 0, EM, 0, 0, EM, 0, -EM)]);
  const box = Buffer.concat([glyph, points]);
  const tables: Record<string, Buffer> = {
    'OS/2': os2(),
    cmap: cmap(),
    glyf: box,
    head: head(),
    hhea: int16(1, 0, 800, -200, 0, WIDTH_OF_A * EM, 0, 0, EM, 1, 0, 0, 0, 0, 0, 0, 0, 2),
    hmtx: int16(EM, 0, WIDTH_OF_A * EM, 0),
    loca: int16(0, 0, box.length / 2),
    maxp: int16(1, 0, 2, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    name: name('Tiny'),
    post: Buffer.concat([Buffer.from('00030000', 'hex'), Buffer.alloc(28)]),
  };
  return file(tables);
}

function head(): Buffer {
  const bytes = Buffer.alloc(54);
  bytes.writeUInt32BE(0x00010000, 0);
  bytes.writeUInt32BE(0x5f0f3cf5, 12);
  bytes.writeUInt16BE(EM, 18);
  bytes.writeInt16BE(EM, 40);
  bytes.writeInt16BE(EM, 42);
  bytes.writeUInt16BE(8, 46);
  bytes.writeInt16BE(2, 48);
  return bytes;
}

function os2(): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.writeUInt16BE(4, 0);
  bytes.writeInt16BE(EM, 2);
  bytes.writeUInt16BE(400, 4);
  bytes.writeUInt16BE(5, 6);
  bytes.write('NONE', 58);
  bytes.writeUInt16BE(0x40, 62);
  bytes.writeUInt16BE(65, 64);
  bytes.writeUInt16BE(65, 66);
  bytes.writeInt16BE(800, 68);
  bytes.writeInt16BE(-200, 70);
  bytes.writeUInt16BE(800, 74);
  bytes.writeUInt16BE(200, 76);
  return bytes;
}

/** Format 4: A is the glyph after the missing one's. */
function cmap(): Buffer {
  const segments = [65, -1, 0, 65, -1, 1 - 65, 1, 0, 0];
  const body = [4, 0, 0, 4, 4, 1, 0, ...segments];
  const subtable = int16(...body);
  subtable.writeUInt16BE(subtable.length, 2);
  return Buffer.concat([int16(0, 1, 3, 1, 0, 12), subtable]);
}

function name(family: string): Buffer {
  const ids = [1, 2, 4, 6];
  const text = Buffer.from(family, 'utf16le').swap16();
  const records = ids.map((id) => int16(3, 1, 0x409, id, text.length, 0));
  return Buffer.concat([int16(0, ids.length, 6 + ids.length * 12), ...records, text]);
}

function file(tables: Record<string, Buffer>): Buffer {
  const names = Object.keys(tables).sort();
  const parts: Buffer[] = [];
  let offset = 12 + names.length * 16;
  const directory = names.map((tag) => {
    const table = tables[tag] ?? Buffer.alloc(0);
    const padded = Buffer.concat([table, Buffer.alloc((4 - (table.length % 4)) % 4)]);
    const entry = Buffer.alloc(16);
    entry.write(tag, 0);
    entry.writeUInt32BE(checksum(padded), 4);
    entry.writeUInt32BE(offset, 8);
    entry.writeUInt32BE(table.length, 12);
    parts.push(padded);
    offset += padded.length;
    return entry;
  });
  const power = 2 ** Math.floor(Math.log2(names.length));
  const search = int16(power * 16, Math.log2(power), (names.length - power) * 16);
  const start = Buffer.concat([Buffer.from('00010000', 'hex'), int16(names.length), search]);
  return Buffer.concat([start, ...directory, ...parts]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) sum = (sum + bytes.readUInt32BE(at)) >>> 0;
  return sum;
}

/** Each as 16 bits, negative or not. */
function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value & 0xffff, index * 2));
  return bytes;
}
