/** Compares the index of a recording with the messages that were met on the way (docs/frame-stream.md, section 8). */
import { indexEntryBytes, indexHeaderBytes } from "../../../stream/message.js";
import type { FoundMessage } from "../../../stream/scan-messages.js";
import { formatCount } from "../../../units.js";

export class IndexCheck {
  /** Frame number, offset of the frame, offset of its detections: of the frames since the last piece. */
  #open: number[] = [];
  #lastPieceAt = 0;
  #entries = 0;
  /** Something before was damaged: the next piece has no messages to be compared with. */
  #isDoubtful = false;

  /** Called where messages are missing: until the next piece nothing can be compared. */
  doubt(): undefined {
    this.#isDoubtful = true;
  }

  expectFrame(frameNumber: number, frameAt: number): void {
    this.#open.push(frameNumber, frameAt, 0);
  }

  expectDetections(at: number): void {
    if (this.#open.length > 0) this.#open[this.#open.length - 1] = at;
  }

  /** What is wrong with a piece, or undefined. */
  takePiece({ at, header, payload }: FoundMessage): string | undefined {
    const expected = this.#open;
    this.#open = [];
    const before = this.#lastPieceAt;
    const isDoubtful = this.#isDoubtful;
    this.#isDoubtful = false;
    this.#lastPieceAt = at;
    if (!payload || header.length < indexHeaderBytes) return "a piece of the index is too short";
    const head = new DataView(header.buffer, header.byteOffset, header.length);
    const count = head.getUint32(8, true);
    if (payload.length !== count * indexEntryBytes) return "a piece of the index is not as long as it says";
    this.#entries += count;
    if (isDoubtful) return undefined;
    if (Number(head.getBigUint64(0, true)) !== before) return "a piece of the index does not point at the one before";
    if (count * 3 !== expected.length) {
      return `a piece of the index is of ${formatCount(count, "frame")}, but ${formatCount(expected.length / 3, "frame")} stand before it`;
    }
    const entries = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let i = 0; i < expected.length; i++) {
      if (Number(entries.getBigUint64(i * 8, true)) !== expected[i]) {
        return `the index points frame ${expected[i - (i % 3)]} to another place`;
      }
    }
    return undefined;
  }

  /** What is wrong at the end, when the footer points at `lastPieceAt`; undefined when nothing is. */
  finish(lastPieceAt: number): string | undefined {
    if (this.#isDoubtful) return undefined;
    if (lastPieceAt !== this.#lastPieceAt) return "the footer does not point at the last piece of the index";
    if (this.#open.length > 0) return `${formatCount(this.#open.length / 3, "frame")} are in no piece of the index`;
    return undefined;
  }

  get summary(): string {
    return `index of ${formatCount(this.#entries, "frame")}`;
  }
}
