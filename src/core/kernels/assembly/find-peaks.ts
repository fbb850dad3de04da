// Peaks: pixels above a value that equal the largest of the window around them. A peak is the largest of its block, and
// of every block that the window covers wherever in its own block the peak lies; few pixels are left to be looked at.

import { blockEdge } from "./summarize";

/**
 * peaks: int32 pairs y, x in raster order; at most `capacity`, beyond which they are only counted. The window reaches
 * `before` pixels up and left and `after` down and right; peaks keep marginY, marginX from the edges.
 * image: zeros from the width up to its next multiple of 8, readable for 16 bytes before and after; blocks: summarize_u16's, blockStride bytes
 * a row, two rows of which serve as scratch at `survivors` (4 bytes a block). Returns how many there are.
 */
export function findPeaks_u16(
  peaks: usize, capacity: i32, image: usize, stride: usize, width: i32, height: i32, blocks: usize, blockStride: usize,
  survivors: usize, above: f64, beforeY: i32, afterY: i32, beforeX: i32, afterX: i32, marginY: i32, marginX: i32,
): i32 {
  if (isNaN<f64>(above)) return 0;
  const lowest = <i32>floor<f64>(above) + 1;
  const usesBlocks = beforeY >= blockEdge - 1 && beforeX >= blockEdge - 1;
  // Block k of the neighbourhood lies wholly in the window of any pixel of this block while k * edge <= reach - (edge - 1).
  const spanY = usesBlocks ? (beforeY - blockEdge + 1) / blockEdge : 0;
  const spanX = usesBlocks ? (beforeX - blockEdge + 1) / blockEdge : 0;
  const blocksAcross = (width + blockEdge - 1) / blockEdge;
  const blocksDown = (height + blockEdge - 1) / blockEdge;
  let count = 0;
  for (let row = marginY / blockEdge; row <= (height - marginY - 1) / blockEdge; row++) {
    let alive = 0;
    const line = blocks + <usize>row * blockStride;
    for (let col = marginX / blockEdge; col <= (width - marginX - 1) / blockEdge; col++) {
      const most = <i32>load<u16>(line + ((<usize>col) << 1));
      if (most < lowest) continue;
      if (usesBlocks && !leads(most, row, col, spanY, spanX, blocksDown, blocksAcross, blocks, blockStride)) continue;
      store<i32>(survivors + ((<usize>alive) << 2), col);
      alive++;
    }
    const bottom = min(row * blockEdge + blockEdge, height - marginY);
    for (let y = max(row * blockEdge, marginY); y < bottom && alive > 0; y++) {
      for (let i = 0; i < alive; i++) {
        const col = load<i32>(survivors + ((<usize>i) << 2));
        const most = <i32>load<u16>(line + ((<usize>col) << 1));
        const right = min(col * blockEdge + blockEdge, width - marginX);
        for (let x = max(col * blockEdge, marginX); x < right; x++) {
          const value = <i32>load<u16>(image + <usize>y * stride + ((<usize>x) << 1));
          if (value < lowest || (usesBlocks && value != most)) continue;
          const windowTop = max(y - beforeY, 0);
          const windowBottom = min(y + afterY, height - 1);
          const windowLeft = max(x - beforeX, 0);
          const windowRight = min(x + afterX, width - 1);
          if (!isLargest(value, image, stride, windowTop, windowBottom, windowLeft, windowRight)) continue;
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

@inline
function leads(
  most: i32, row: i32, col: i32, spanY: i32, spanX: i32, down: i32, across: i32, blocks: usize, blockStride: usize,
): bool {
  const left = max(col - spanX, 0);
  const right = min(col + spanX, across - 1);
  for (let j = max(row - spanY, 0); j <= min(row + spanY, down - 1); j++) {
    const line = blocks + <usize>j * blockStride;
    for (let i = left; i <= right; i++) if (<i32>load<u16>(line + ((<usize>i) << 1)) > most) return false;
  }
  return true;
}

/** No pixel of the window is larger; rows of eight from the right end, which may begin before the window's left. */
function isLargest(value: i32, image: usize, stride: usize, top: i32, bottom: i32, left: i32, right: i32): bool {
  const limit = i16x8.splat(<i16>value);
  const span = right - left + 1;
  const whole = span >> 3;
  const rest = span & 7;
  for (let y = top; y <= bottom; y++) {
    const line = image + <usize>y * stride + ((<usize>left) << 1);
    for (let i = 0; i < whole; i++) {
      if (v128.any_true(i16x8.gt_u(v128.load(line + ((<usize>i) << 4)), limit))) return false;
    }
    const from = line + ((<usize>whole) << 4);
    for (let i = 0; i < rest; i++) if (<i32>load<u16>(from + ((<usize>i) << 1)) > value) return false;
  }
  return true;
}
