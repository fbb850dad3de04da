/** The lines of a text that may be damaged, cut or endless: read in pieces, never more of a line held than a line may have. */
import { closeSync, readSync } from "node:fs";
import { openFile } from "../bounded-file.js";

export interface TextLine {
  /** Counted from 1. */
  readonly number: number;
  /** Offset of its first byte. */
  readonly at: number;
  /** Borrowed; without the line feed. Of a line that is too long its beginning. */
  readonly bytes: Uint8Array;
  /** False for a last line without a line feed. */
  readonly hasEnd: boolean;
  /** More than `mostBytes`, and none of a table's. */
  readonly isTooLong: boolean;
}

const pieceBytes = 1 << 20;

/** The lines of a file, each of `mostBytes` at most or told to be longer. Throws the system's error, or a FormatProblem. */
export function* textLines(path: string, mostBytes: number): Generator<TextLine> {
  const fd = openFile(path);
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    /** The line begun, grown by doubling; what is over `mostBytes` is only counted. */
    let begun = Buffer.allocUnsafe(pieceBytes);
    let kept = 0;
    let length = 0;
    let at = 0;
    let number = 1;
    const add = (bytes: Uint8Array) => {
      length += bytes.length;
      const more = bytes.subarray(0, mostBytes - kept);
      if (kept + more.length > begun.length) {
        const grown = Buffer.allocUnsafe(Math.max(2 * begun.length, kept + more.length));
        begun.copy(grown, 0, 0, kept);
        begun = grown;
      }
      begun.set(more, kept);
      kept += more.length;
    };
    for (let got = readSync(fd, piece); got > 0; got = readSync(fd, piece)) {
      const bytes = piece.subarray(0, got);
      let from = 0;
      for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
        const rest = bytes.subarray(from, to);
        if (length > 0) add(rest);
        const whole = length > 0 ? begun.subarray(0, kept) : rest;
        const lineBytes = length > 0 ? length : rest.length;
        yield { number: number++, at, bytes: whole, hasEnd: true, isTooLong: lineBytes > mostBytes };
        at += lineBytes + 1;
        kept = 0;
        length = 0;
        from = to + 1;
      }
      if (from < got) add(bytes.subarray(from));
    }
    if (length > 0) {
      yield { number, at, bytes: begun.subarray(0, kept), hasEnd: false, isTooLong: length > mostBytes };
    }
  } finally {
    closeSync(fd);
  }
}
