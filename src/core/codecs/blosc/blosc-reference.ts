/** What the kernels of the Blosc codec compute, in plain words: the twins they are tested against, byte for byte. */

/**
 * Bits of `count` elements of `typesize` bytes (a multiple of eight elements) in rows of equal significance: row 8 b + k
 * holds bit k of byte b of every element, element i at bit i % 8 of byte i / 8. Masui et al. 2015, section 2.
 */
export function bitShuffleReference(input: Uint8Array, typesize: number): Uint8Array {
  const count = input.length / typesize;
  const rowBytes = count / 8;
  const out = new Uint8Array(input.length);
  for (let element = 0; element < count; element++) {
    for (let bit = 0; bit < 8 * typesize; bit++) {
      const value = (input[element * typesize + (bit >> 3)]! >> (bit & 7)) & 1;
      out[bit * rowBytes + (element >> 3)]! |= value << (element & 7);
    }
  }
  return out;
}

/** The LZ4 block of at most 65536 bytes that src/core/kernels/assembly/lz4.ts writes; undefined when longer than `room`. */
export function lz4Reference(input: Uint8Array, room: number): Uint8Array | undefined {
  const out: number[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const four = (at: number) => view.getUint32(at, true);
  const slotOf = (value: number) => Math.imul(value, 2654435761) >>> 20;
  const putLength = (rest: number) => {
    for (; rest >= 255; rest -= 255) out.push(255);
    out.push(rest);
  };
  const putLiterals = (from: number, to: number, low: number) => {
    out.push((Math.min(to - from, 15) << 4) | low);
    if (to - from >= 15) putLength(to - from - 15);
    for (let at = from; at < to; at++) out.push(input[at]!);
  };
  const table = new Uint16Array(4096);
  let anchor = 0;
  let at = 1;
  const mostStart = input.length > 12 ? input.length - 12 : -1;
  while (at <= mostStart) {
    let tries = 64;
    let found = -1;
    while (at <= mostStart) {
      const slot = slotOf(four(at));
      const candidate = table[slot]!;
      table[slot] = at;
      if (four(candidate) === four(at)) {
        found = candidate;
        break;
      }
      at += Math.floor(tries++ / 64);
    }
    if (found <= -1) break;
    while (at > anchor && found > 0 && input[at - 1] === input[found - 1]) {
      at--;
      found--;
    }
    let extra = 0;
    while (at + 4 + extra < input.length - 5 && input[at + 4 + extra] === input[found + 4 + extra]) extra++;
    const literals = at - anchor;
    if (out.length + literals + Math.floor(literals / 255) + Math.floor(extra / 255) + 5 > room) return undefined;
    putLiterals(anchor, at, Math.min(extra, 15));
    out.push((at - found) & 255, (at - found) >> 8);
    if (extra >= 15) putLength(extra - 15);
    at += 4 + extra;
    anchor = at;
    if (at <= mostStart) table[slotOf(four(at - 2))] = at - 2;
  }
  putLiterals(anchor, input.length, 0);
  return out.length > room ? undefined : Uint8Array.from(out);
}
