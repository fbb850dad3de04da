// The LZ4 block format (lz4_Block_format.md, 1.6.x), written greedily: one hash table, the next position that repeats four
// bytes, ever longer strides where nothing repeats.

const leastMatch: i32 = 4;
/** A match may not begin in the last 12 bytes, and the last 5 are literals (end of block restrictions). */
const noMatchWithin: i32 = 12;
const lastLiterals: i32 = 5;
/** Tries before the stride grows by one. */
const triesPerStride: i32 = 64;
const hashBits: i32 = 12;

// @ts-ignore: decorator
@inline
function slotOf(table: usize, four: u32): usize {
  return table + (<usize>((four * 2654435761) >>> (32 - hashBits)) << 1);
}

// @ts-ignore: decorator
@inline
function copyLiterals(to: usize, from: usize, length: i32): void {
  const end = from + <usize>length;
  if (length >= 16) {
    const last = to + <usize>length - 16;
    for (; from < end - 16; from += 16, to += 16) v128.store(to, v128.load(from));
    v128.store(last, v128.load(end - 16));
    return;
  }
  for (; from < end; from++, to++) store<u8>(to, load<u8>(from));
}

/** Bytes from `a` and `b` on that are the same, `a` not beyond `end`. */
// @ts-ignore: decorator
@inline
function sameBytes(a: usize, b: usize, end: usize): i32 {
  const start = a;
  while (a + 16 <= end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
    if (mask != 0xffff) return <i32>(a - start) + ctz<i32>(~mask);
    a += 16;
    b += 16;
  }
  while (a < end && load<u8>(a) == load<u8>(b)) {
    a++;
    b++;
  }
  return <i32>(a - start);
}

// @ts-ignore: decorator
@inline
function putLength(out: usize, rest: i32): usize {
  for (; rest >= 255; rest -= 255) store<u8>(out++, 255);
  store<u8>(out++, <u8>rest);
  return out;
}

/**
 * Compresses `length` bytes (at most 65536, so that a position is two bytes and every distance is allowed) to `out`.
 * `table` is scratch of 8192 bytes. Returns the compressed length, or 0 when it would be more than `room`; nothing is
 * written beyond `room` bytes.
 */
export function lz4Compress(out: usize, room: i32, input: usize, length: i32, table: usize): i32 {
  const outEnd = out + <usize>room;
  const end = input + <usize>length;
  let to = out;
  let anchor = input;
  if (length > noMatchWithin) {
    const mostStart = end - noMatchWithin;
    const mostEnd = end - lastLiterals;
    memory.fill(table, 0, <usize>2 << hashBits);
    let at = input + 1;
    while (at <= mostStart) {
      // The next position whose four bytes stand somewhere before it.
      let tries = triesPerStride;
      let found: usize = 0;
      while (at <= mostStart) {
        const four = load<u32>(at);
        const slot = slotOf(table, four);
        const candidate = input + <usize>load<u16>(slot);
        store<u16>(slot, <u16>(at - input));
        if (load<u32>(candidate) == four) {
          found = candidate;
          break;
        }
        at += <usize>(tries++ / triesPerStride);
      }
      if (found == 0) break;
      while (at > anchor && found > input && load<u8>(at - 1) == load<u8>(found - 1)) {
        at--;
        found--;
      }
      const literals = <i32>(at - anchor);
      const extra = sameBytes(at + leastMatch, found + leastMatch, mostEnd);
      if (to + <usize>(literals + literals / 255 + extra / 255 + 5) > outEnd) return 0;
      const token = to++;
      store<u8>(token, <u8>((min(literals, 15) << 4) | min(extra, 15)));
      if (literals >= 15) to = putLength(to, literals - 15);
      copyLiterals(to, anchor, literals);
      to += <usize>literals;
      store<u16>(to, <u16>(at - found));
      to += 2;
      if (extra >= 15) to = putLength(to, extra - 15);
      at += <usize>(leastMatch + extra);
      anchor = at;
      // A position inside the match, so that what follows one run finds the next.
      if (at <= mostStart) store<u16>(slotOf(table, load<u32>(at - 2)), <u16>(at - 2 - input));
    }
  }
  const literals = <i32>(end - anchor);
  const lengthBytes = literals >= 15 ? (literals - 15) / 255 + 1 : 0;
  if (to + <usize>(1 + lengthBytes + literals) > outEnd) return 0;
  store<u8>(to++, <u8>(min(literals, 15) << 4));
  if (literals >= 15) to = putLength(to, literals - 15);
  copyLiterals(to, anchor, literals);
  return <i32>(to - out) + literals;
}
