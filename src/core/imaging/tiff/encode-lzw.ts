/** LZW as TIFF 6.0 section 13 has it: codes of 9 to 12 bits, most significant bit first, widened one code early. */

const clearCode = 256;
const endCode = 257;
const firstFree = 258;
/** The entry after which the table is cleared (section 13: "as soon as we add table entry 4094"). */
const lastEntry = 4094;
/**
 * A table of (string, next byte) → code with open addressing: an eighth full at most, since a second look costs more than
 * the larger table does (measured: 8192 places 9.9, 32768 places 15.3 frames of 2048x2048 uint16 a second).
 */
const places = 32768;
const placeMask = places - 1;
/** Spreads 20-bit keys: 2^32 over the golden ratio (Knuth, TAOCP 3, section 6.4). */
const spread = 0x9e3779b1 | 0;
/** Key in the upper 20 bits, code in the lower 12; 0 is empty, since no entry has the code 0. */
const sharedTable = new Int32Array(places);

/** Bytes that `encodeLzw` may need for `length` bytes: 12 bits a byte and for each clear code, and the end. */
export function mostLzwBytes(length: number): number {
  return Math.ceil((length + Math.ceil(length / (lastEntry - firstFree)) + 4) * 1.5) + 4;
}

/** Encodes one strip into `output`, which has room for `mostLzwBytes(input.length)`; returns the bytes written. */
export function encodeLzw(input: Uint8Array, output: Uint8Array): number {
  const table = sharedTable;
  const length = input.length;
  let written = 0;
  let bits = clearCode;
  let bitCount = 9;
  let width = 9;
  let next = firstFree;
  table.fill(0);
  if (length > 0) {
    let code = input[0]!;
    for (let at = 1; at < length; at++) {
      const byte = input[at]!;
      const key = (code << 8) | byte;
      let place = (Math.imul(key, spread) >>> 17) & placeMask;
      let entry = table[place]!;
      while (entry !== 0 && entry >>> 12 !== key) {
        place = (place + 1) & placeMask;
        entry = table[place]!;
      }
      if (entry !== 0) {
        code = entry & 4095;
        continue;
      }
      bits = (bits << width) | code;
      bitCount += width;
      while (bitCount >= 8) {
        bitCount -= 8;
        output[written++] = bits >>> bitCount;
      }
      code = byte;
      if (next < lastEntry) {
        table[place] = (key << 12) | next;
        // The reader is one entry behind, so the code after entry 511 is the first of 10 bits, and so on.
        if (++next === 1 << width) width++;
      } else {
        bits = (bits << width) | clearCode;
        bitCount += width;
        while (bitCount >= 8) {
          bitCount -= 8;
          output[written++] = bits >>> bitCount;
        }
        table.fill(0);
        width = 9;
        next = firstFree;
      }
    }
    bits = (bits << width) | code;
    bitCount += width;
    // The reader makes an entry of this code too, and may widen before it sees the end.
    if (next + 1 === 1 << width && width < 12) width++;
  }
  while (bitCount >= 8) {
    bitCount -= 8;
    output[written++] = bits >>> bitCount;
  }
  bits = (bits << width) | endCode;
  bitCount += width;
  while (bitCount > 0) {
    bitCount -= 8;
    output[written++] = bitCount >= 0 ? bits >>> bitCount : bits << -bitCount;
  }
  return written;
}
