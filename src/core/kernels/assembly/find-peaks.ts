// Peaks: pixels above a value that equal the largest of the window around them. A peak is the largest of its block, and
// of every block that the window covers wherever in its own block the peak lies; few pixels are left to be looked at.

import { blockEdge } from "./summarize";

/**
 * peaks: int32 pairs y, x in raster order, of the part from (top, left) to (bottom - 1, right - 1); at most `capacity`,
 * beyond which they are only counted. The window, which does not end with the part, reaches
 * `before` pixels up and left and `after` down and right; peaks keep marginY, marginX from the edges.
 * image: zeros from the width up to its next multiple of 8, blocks: summarize_u16's, blockStride bytes a row, a
 * multiple of 16, zeros from the last block on, readable for 16 bytes beyond. survivors: 8 bytes a block of a row. maxima: blockStride bytes with
 * 2 * reach bytes of zeros before and after. Returns how many there are.
 */
export function findPeaks_u16(
  peaks: usize, capacity: i32, image: usize, stride: usize, width: i32, height: i32,
  left: i32, right: i32, top: i32, bottom: i32, blocks: usize, blockStride: usize, survivors: usize, maxima: usize, above: f64,
  beforeY: i32, afterY: i32, beforeX: i32, afterX: i32, marginY: i32, marginX: i32,
): i32 {
  if (isNaN<f64>(above)) return 0;
  const lowest = <i32>floor<f64>(above) + 1;
  if (lowest > 65535) return 0;
  const firstY = max(top, marginY);
  const endY = min(bottom, height - marginY);
  const firstX = max(left, marginX);
  const endX = min(right, width - marginX);
  if (firstY >= endY || firstX >= endX) return 0;
  const usesBlocks = beforeY >= blockEdge - 1 && beforeX >= blockEdge - 1;
  // Block k of the neighbourhood lies wholly in the window of any pixel of this block while k * edge <= reach - (edge - 1).
  // Eight blocks each way decide nearly all; the rest is left to the look at the pixels.
  const spanY = usesBlocks ? min((beforeY - blockEdge + 1) / blockEdge, 8) : 0;
  const spanX = usesBlocks ? min((beforeX - blockEdge + 1) / blockEdge, 8) : 0;
  const blocksDown = (height + blockEdge - 1) / blockEdge;
  let count = 0;
  for (let row = firstY / blockEdge; row <= (endY - 1) / blockEdge; row++) {
    const line = blocks + <usize>row * blockStride;
    const alive = leadingBlocks(
      survivors, maxima, line, row, spanY, spanX, blocksDown, blocks, blockStride, lowest,
      firstX / blockEdge, (endX - 1) / blockEdge,
    );
    markPixels(survivors, alive, line, image + <usize>(row * blockEdge) * stride, stride, height - row * blockEdge, usesBlocks ? 0 : lowest);
    const end = min(row * blockEdge + blockEdge, endY);
    for (let y = max(row * blockEdge, firstY); y < end && alive > 0; y++) {
      for (let i = 0; i < alive; i++) {
        let mask = (load<i32>(survivors + ((<usize>i) << 3), 4) >> ((y & 3) << 2)) & 15;
        while (mask != 0) {
          const x = load<i32>(survivors + ((<usize>i) << 3)) * blockEdge + ctz<i32>(mask);
          mask &= mask - 1;
          if (x < firstX || x >= endX) continue;
          const value = <i32>load<u16>(image + <usize>y * stride + ((<usize>x) << 1));
          const windowTop = max(y - beforeY, 0);
          const windowBottom = min(y + afterY, height - 1);
          const windowLeft = max(x - beforeX, 0);
          const windowRight = min(x + afterX, width - 1);
          if (!isLargest(value, image, stride, blocks, blockStride, windowTop, windowBottom, windowLeft, windowRight)) continue;
          if (count < capacity) {
            store<i32>(peaks + ((<usize>count) << 3), y);
            store<i32>(peaks + ((<usize>count) << 3), x, 4);
          }
          count++;
        }
      }
    }
  }
  return count;
}

/**
 * Beside each survivor the pixels of its block, four bits a row, that reach `lowest` or, where that is 0, the block's
 * maximum. Nothing here branches on pixels, so that the processor waits for many blocks from memory at once.
 */
function markPixels(
  survivors: usize, alive: i32, line: usize, rows: usize, stride: usize, left: i32, lowest: i32,
): void {
  const second: usize = left > 1 ? stride : 0;
  const third: usize = left > 2 ? stride << 1 : 0;
  const fourth: usize = left > 3 ? stride + (stride << 1) : 0;
  for (let i = 0; i < alive; i++) {
    const entry = survivors + ((<usize>i) << 3);
    const col = <usize>load<i32>(entry);
    const at = rows + (col << 3);
    const upper = v128.load64_lane(at + second, v128.load64_zero(at), 1);
    const lower = v128.load64_lane(at + fourth, v128.load64_zero(at + third), 1);
    const limit = i16x8.splat(<i16>(lowest != 0 ? lowest : <i32>load<u16>(line + (col << 1))));
    store<i32>(entry, i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.ge_u(upper, limit), i16x8.ge_u(lower, limit))), 4);
  }
}

/** Columns, from `first` to `last`, of the blocks of this line that reach `lowest` and that no block around them exceeds. */
function leadingBlocks(
  survivors: usize, maxima: usize, line: usize, row: i32, spanY: i32, spanX: i32, down: i32, blocks: usize,
  blockStride: usize, lowest: i32, first: i32, last: i32,
): i32 {
  const top = max(row - spanY, 0);
  const bottom = min(row + spanY, down - 1);
  // Eight blocks more on either side.
  const from = (<usize>max((first & ~7) - 8, 0)) << 1;
  const to = min((<usize>((last & ~7) + 16)) << 1, blockStride);
  for (let at = from; at < to; at += 16) {
    let most = v128.load(blocks + <usize>top * blockStride + at);
    for (let j = top + 1; j <= bottom; j++) most = i16x8.max_u(most, v128.load(blocks + <usize>j * blockStride + at));
    v128.store(maxima + at, most);
  }
  const lows = i16x8.splat(<i16>lowest);
  const left = maxima - ((<usize>spanX) << 1);
  let alive = 0;
  for (let col = first & ~7; col <= last; col += 8) {
    const at = (<usize>col) << 1;
    let most = v128.load(left + at);
    for (let i = 1; i <= 2 * spanX; i++) most = i16x8.max_u(most, v128.load(left + at + ((<usize>i) << 1)));
    const own = v128.load(line + at);
    let mask = i16x8.bitmask(v128.and(i16x8.eq(own, most), i16x8.ge_u(own, lows)));
    while (mask != 0) {
      const block = col + ctz<i32>(mask);
      mask &= mask - 1;
      if (block < first || block > last) continue;
      store<i32>(survivors + ((<usize>alive) << 3), block);
      alive++;
    }
  }
  return alive;
}

/** No pixel of the window is larger: the blocks it meets tell which few pixels have to be looked at. */
function isLargest(
  value: i32, image: usize, stride: usize, blocks: usize, blockStride: usize, top: i32, bottom: i32, left: i32, right: i32,
): bool {
  const limit = i16x8.splat(<i16>value);
  const first = left / blockEdge;
  const last = right / blockEdge;
  for (let row = top / blockEdge; row <= bottom / blockEdge; row++) {
    const line = blocks + <usize>row * blockStride;
    for (let col = first; col <= last; col += 8) {
      let mask = i16x8.bitmask(i16x8.gt_u(v128.load(line + ((<usize>col) << 1)), limit));
      if (last - col < 7) mask &= (2 << (last - col)) - 1;
      while (mask != 0) {
        const from = (col + ctz<i32>(mask)) * blockEdge;
        mask &= mask - 1;
        const end = min(from + blockEdge - 1, right);
        const foot = min(row * blockEdge + blockEdge - 1, bottom);
        for (let y = max(row * blockEdge, top); y <= foot; y++) {
          for (let x = max(from, left); x <= end; x++) {
            if (<i32>load<u16>(image + <usize>y * stride + ((<usize>x) << 1)) > value) return false;
          }
        }
      }
    }
  }
  return true;
}
