import { HeadPacker } from '../wire/packed-head.js';
import { LAST, streamHeader, StreamFrameType } from '../wire/stream-frame.js';
import type { Outgoing } from './mux-stream.js';

const { OPEN, DATA, END, PACKED_OPEN, PACKED_DATA } = StreamFrameType;
const FRAME_TYPE = { open: OPEN, head: DATA, data: DATA } as const;
const PACKED_TYPE = { [OPEN]: PACKED_OPEN, [DATA]: PACKED_DATA } as const;

/** The form of the frames that go out, by what the peer has said that it reads. */
export class Framing {
  #packer: HeadPacker | undefined;
  #joinsEnds = false;

  /** Heads go packed from now on. */
  packHeads(): void {
    this.#packer ??= new HeadPacker();
  }

  /** An END belongs to the frame before it from now on. */
  joinEnds(): void {
    this.#joinsEnds = true;
  }

  /**
   * The frames of what goes out now on a stream, each in parts. Heads are packed no earlier, because the peer unpacks them in
   * the order of their frames; and only where these keep their order.
   */
  framesOf(
    { type, parts, isLast }: Outgoing,
    id: number,
    isOrdered: boolean,
  ): readonly (readonly Uint8Array[])[] {
    if (type === 'end') return [[streamHeader(END, id)]];
    const joined = isLast && this.#joinsEnds ? LAST : 0;
    const packed = type === 'data' || !isOrdered ? undefined : this.#packer?.pack(parts);
    const plainType = FRAME_TYPE[type];
    const frame =
      packed === undefined
        ? [streamHeader(plainType + joined, id), ...parts]
        : [streamHeader(PACKED_TYPE[plainType] + joined, id), packed];
    return isLast && joined === 0 ? [frame, [streamHeader(END, id)]] : [frame];
  }
}
