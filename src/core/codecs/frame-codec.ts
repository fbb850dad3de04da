/** The contract of a codec of single frames: samples to bytes and back. Knows nothing of slots, files and threads. */
import type { FrameShape } from "../model/descriptor.js";

export interface DecodedFrame {
  readonly shape: FrameShape;
  /** Bits a sample the codestream was made with. */
  readonly bits: number;
  /** Samples, tightly packed, little-endian, one byte each up to 8 bits, two above; valid until the codec's next call. */
  readonly samples: Uint8Array;
}

export interface FrameDecoder {
  /** Throws when the bytes are no image of one channel. */
  borrowDecoded(coded: Uint8Array): DecodedFrame;
}

export interface FrameEncoder {
  /** Encodes without loss; the result is valid until the encoder's next call. */
  borrowEncoded(samples: Uint8Array, shape: FrameShape, bits: number): Uint8Array;
}
