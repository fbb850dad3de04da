/** What a decoder may know of a file: its name, its length, and its bytes on request. */
import { cutHint, EndsEarly } from "../format-problem.js";

export interface ByteSource {
  /** For complaints: the path as the user gave it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Fills `target` with the bytes from `offset` on, or throws a FormatProblem when the file ends before. */
  readInto(target: Uint8Array, offset: number): void;
}

/** A source over bytes in memory. */
export function bytesAsSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    readInto(target, offset) {
      requireBytes(bytes.length, offset, target.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

/** Refuses a range that is not inside a file of `sizeBytes`, before anything is allocated for it. */
export function requireBytes(sizeBytes: number, offset: number, length: number): void {
  if (offset + length > sizeBytes || offset < 0) {
    const what = `the file ends at byte ${sizeBytes}, but ${length} bytes are expected here`;
    throw new EndsEarly(what, offset, cutHint);
  }
}
