/**
 * The head of a message, its prefix and its header (docs/frame-stream.md, section 3): one reader for pipes, for recordings and
 * for the search through damaged ones. Nothing of it is believed before its checksum is.
 */
import type { ByteSource } from "../imaging/byte-source.js";
import { decodePrefix, emptyPrefix, headerChecksum, maxHeaderBytes, type Prefix, prefixBytes } from "./message.js";

export type HeadFault =
  | "no message"
  | "its header is too long"
  /** The bytes end before the head does. */
  | "cut"
  | "the checksum does not match";

/** Most headers are read in one go with their prefix. */
const usualBytes = prefixBytes + 4096;

export class MessageHead {
  readonly prefix: Readonly<Prefix>;
  /** Prefix and header; overwritten by the next message. */
  readonly bytes = new Uint8Array(prefixBytes + maxHeaderBytes);
  readonly #prefix = emptyPrefix();
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.prefix = this.#prefix;
  }

  /** The header behind the prefix that was taken. */
  get header(): Uint8Array {
    return this.bytes.subarray(prefixBytes, prefixBytes + this.prefix.headerBytes);
  }

  /** Whether the bytes of the prefix that no checksum covers are 0, as they always are. */
  get isClean(): boolean {
    return this.#view.getUint32(36, true) === 0;
  }

  /** Takes the prefix that stands in `bytes`; the header can be put behind it then. */
  takePrefix(): HeadFault | undefined {
    if (!decodePrefix(this.#view, this.#prefix)) return "no message";
    return this.prefix.headerBytes > maxHeaderBytes ? "its header is too long" : undefined;
  }

  /** What is wrong with prefix and header once both stand in `bytes`. */
  headerFault(): HeadFault | undefined {
    const { headerBytes, headerChecksum: known } = this.prefix;
    return headerChecksum(this.bytes, headerBytes) === known ? undefined : "the checksum does not match";
  }

  /** Reads the head at an offset of a file whose messages end at `to`. */
  readAt(source: ByteSource, at: number, to = source.sizeBytes): HeadFault | undefined {
    const there = Math.min(usualBytes, to - at);
    if (there < prefixBytes) return "cut";
    source.readInto(this.bytes.subarray(0, there), at);
    const fault = this.takePrefix();
    if (fault) return fault;
    const length = prefixBytes + this.prefix.headerBytes;
    if (at + length > to) return "cut";
    if (length > there) source.readInto(this.bytes.subarray(0, length), at);
    return this.headerFault();
  }
}
