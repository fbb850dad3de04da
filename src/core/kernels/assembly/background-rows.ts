// Which pixels are background: those whose whole disc is zero in the scaled image, from rows of bits, 128 pixels at a
// time. A pixel is background if on every row of the disc all from half a width before to half a width after is zero.
// Runs of every width the disc has are made row by row, each from the narrower one, and kept for the rows of one disc.

/** Bytes of ones before and after each row of runs: beyond the frame nothing is covered. */
const margin: usize = 16;

/**
 * Leaves at `out`, bitStride bytes, the background pixels of row y as bits, none beyond the width; returns whether there
 * are any. To be called for y = first, first + 1 and so on: `ring` keeps the runs of the rows around.
 * zeroBits: see summarize.ts, bitStride bytes a row, a multiple of 16. widths: the disc's different half widths, int32,
 * rising, `levels` of them; levelOfRow: int32, for each of the disc's 2 * radiusY + 1 rows the index of its width.
 * ring: (2 * radiusY + 1) * levels + 2 rows of bitStride + 32 bytes. addresses: 4 bytes a row of the disc.
 */
export function backgroundRow(
  out: usize, y: i32, first: i32, zeroBits: usize, bitStride: usize, width: i32, height: i32, radiusY: i32,
  widths: usize, levels: i32, levelOfRow: usize, ring: usize, addresses: usize,
): bool {
  const rows = 2 * radiusY + 1;
  const rowBytes = bitStride + 2 * margin;
  const slotBytes = <usize>levels * rowBytes;
  const spare = ring + <usize>rows * slotBytes + margin;
  if (y == first) {
    // For the rows above the frame.
    memory.fill(ring, 0xff, <usize>rows * slotBytes + 2 * rowBytes);
    for (let row = max(first - radiusY, 0); row < min(first + radiusY, height); row++) {
      makeRuns(ring + <usize>((row + radiusY) % rows) * slotBytes + margin, zeroBits + <usize>row * bitStride, bitStride, widths, levels, spare);
    }
  }
  const last = y + radiusY;
  const slot = ring + <usize>((last + radiusY) % rows) * slotBytes;
  if (last < height) makeRuns(slot + margin, zeroBits + <usize>last * bitStride, bitStride, widths, levels, spare);
  else memory.fill(slot, 0xff, slotBytes);
  for (let row = 0; row < rows; row++) {
    const level = <usize>load<i32>(levelOfRow + ((<usize>row) << 2));
    store<usize>(addresses + ((<usize>row) << 2), ring + <usize>((y + row) % rows) * slotBytes + level * rowBytes + margin);
  }
  const middle = load<usize>(addresses + ((<usize>radiusY) << 2));
  let any = false;
  for (let at: usize = 0; at < bitStride; at += 16) {
    let bits = v128.load(middle + at);
    if (v128.any_true(bits)) {
      let address = addresses;
      const end = addresses + ((<usize>rows) << 2);
      do {
        bits = v128.and(bits, v128.load(load<usize>(address) + at));
        address += 4;
      } while (address < end);
    }
    v128.store(out + at, bits);
    any = any || v128.any_true(bits);
  }
  if (any) {
    // Bits beyond the width.
    for (let word = width >> 6; word < <i32>(bitStride >> 3); word++) {
      const pixels = width - (word << 6);
      const valid: u64 = pixels <= 0 ? 0 : ((<u64>1) << <u64>pixels) - 1;
      const at = out + ((<usize>word) << 3);
      store<u64>(at, load<u64>(at) & valid);
    }
  }
  return any;
}

/** runs: a row for each width. spare: two rows with their margins. */
function makeRuns(runs: usize, zeros: usize, bitStride: usize, widths: usize, levels: i32, spare: usize): void {
  const rowBytes = bitStride + 2 * margin;
  let from = spare;
  memory.copy(from, zeros, bitStride);
  let half = 0;
  for (let level = 0; level < levels; level++) {
    const wanted = load<i32>(widths + ((<usize>level) << 2));
    const out = runs + <usize>level * rowBytes;
    if (wanted == half) memory.copy(out, from, bitStride);
    while (half < wanted) {
      const shift = min(min(wanted - half, 2 * half + 1), 63);
      half += shift;
      const to = half == wanted ? out : from == spare ? spare + rowBytes : spare;
      widen(to, from, bitStride, shift);
      from = to;
    }
  }
}

/**
 * out bit x = 1 where bits x - shift, x and x + shift of `from` are: where those are runs of half width h, the result is
 * one of h + shift as long as shift <= 2 h + 1; shift is below 64.
 */
function widen(out: usize, from: usize, bytes: usize, shift: i32): void {
  const back = 64 - shift;
  const end = from + bytes;
  do {
    const here = v128.load(from);
    const before = v128.or(i64x2.shl(here, shift), i64x2.shr_u(v128.load(from - 8), back));
    const after = v128.or(i64x2.shr_u(here, shift), i64x2.shl(v128.load(from, 8), back));
    v128.store(out, v128.and(here, v128.and(before, after)));
    from += 16;
    out += 16;
  } while (from < end);
}
