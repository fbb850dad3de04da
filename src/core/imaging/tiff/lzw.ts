/** LZW as TIFF 6.0 section 13 has it: codes of 9 to 12 bits, most significant bit first, widened one code early. */
import { FormatProblem } from "../../format-problem.js";

const clearCode = 256;
const endCode = 257;
const tableSize = 4096;
/** Where each code's string last stood in the output, and its length: the output is its own dictionary. */
const starts = new Int32Array(tableSize);
const lengths = new Int32Array(tableSize);

/**
 * Decodes one strip into `output`; returns the bytes written, at most `output.length` (what a writer appended beyond is
 * left). Throws a FormatProblem, its byte relative to `input`, for codes that cannot be, and for the LZW from before
 * TIFF 6.0 (least significant bit first), which begins with the bytes 0 and 1.
 */
export function decodeLzw(input: Uint8Array, output: Uint8Array): number {
  if (input.length > 1 && input[0] === 0 && (input[1]! & 1) === 1) {
    throw new FormatProblem(
      "unsupported",
      "LZW from before TIFF 6.0 (least significant bit first), which is not read",
      0,
    );
  }
  const inputLength = input.length;
  const room = output.length;
  let at = 0;
  let bits = 0;
  let bitCount = 0;
  let width = 9;
  let next = 258;
  let written = 0;
  let previousStart = -1;
  let previousLength = 0;
  while (written < room) {
    while (bitCount < width) {
      if (at >= inputLength) return written;
      bits = (bits << 8) | input[at++]!;
      bitCount += 8;
    }
    bitCount -= width;
    const code = (bits >>> bitCount) & ((1 << width) - 1);
    bits &= (1 << bitCount) - 1;
    if (code === clearCode) {
      width = 9;
      next = 258;
      previousStart = -1;
      continue;
    }
    if (code === endCode) return written;
    if (previousStart >= 0 && next < tableSize) {
      // The string before, and the byte that now follows it, which stands right behind it in the output.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next >= (1 << width) - 1 && width < 12) width++;
    }
    const start = written;
    if (code < 256) {
      output[written++] = code;
    } else {
      if (code >= next || previousStart < 0)
        throw new FormatProblem("file-damaged", `LZW code ${code} before it was defined`, at);
      let from = starts[code]!;
      const end = Math.min(room, written + lengths[code]!);
      // Byte by byte on purpose: a code used right after its definition overlaps what it writes.
      while (written < end) output[written++] = output[from++]!;
    }
    previousStart = start;
    previousLength = written - start;
  }
  return written;
}
