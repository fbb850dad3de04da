/** A rectangle of pixels: the part of an image that is wanted. */
import type { FrameShape } from "../model/descriptor.js";

export interface Region {
  /** Left column. */
  readonly x: number;
  /** Top row. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The whole of an image. */
export function wholeOf(shape: FrameShape): Region {
  return { x: 0, y: 0, width: shape.width, height: shape.height };
}

/**
 * Copies the rows of `block` that fall into `region` to the region's own rows, tightly packed.
 * `block` holds the image's pixels from (`blockX`, `blockY`) on, `blockWidth` by `blockHeight`; all lengths in pixels,
 * both arrays in bytes of `pixelBytes` each. Nothing is copied where they do not meet.
 */
export function copyOverlap(
  block: Uint8Array,
  blockX: number,
  blockY: number,
  blockWidth: number,
  blockHeight: number,
  target: Uint8Array,
  region: Region,
  pixelBytes: number,
): void {
  const left = Math.max(blockX, region.x);
  const right = Math.min(blockX + blockWidth, region.x + region.width);
  const top = Math.max(blockY, region.y);
  const bottom = Math.min(blockY + blockHeight, region.y + region.height);
  if (left >= right) return;
  const length = (right - left) * pixelBytes;
  for (let row = top; row < bottom; row++) {
    const from = ((row - blockY) * blockWidth + (left - blockX)) * pixelBytes;
    const to = ((row - region.y) * region.width + (left - region.x)) * pixelBytes;
    target.set(block.subarray(from, from + length), to);
  }
}
