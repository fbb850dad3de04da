/** Where everything the kernels need lies in a locator's scratch, and how much that is. */

import { detectionCapacity } from "../../model/detection.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import type { Disc } from "./disc.js";
import type { FrameShape, LocateParameters } from "./parameters.js";

const guardBytes = 64;

/** Hands out addresses one after the other, each on 16 bytes, with room before and after for vectors that overhang. */
class Carver {
  #next = guardBytes;

  take(bytes: number, before = 0): number {
    const address = Math.ceil((this.#next + before) / 16) * 16;
    this.#next = address + Math.ceil(bytes) + guardBytes;
    return address;
  }

  get total(): number {
    return Math.ceil(this.#next / 64) * 64;
  }
}

/**
 * Rows a power of two apart share a few sets of the first-level cache, and nine of them evict one another; an odd number
 * of cache lines apart they spread over all sets.
 */
export function spreadStride(bytes: number): number {
  const lines = Math.ceil(bytes / 64);
  return (lines % 2 === 0 ? lines + 1 : lines) * 64;
}

/** Whether rows so far apart share cache sets (see `spreadStride`). */
export function crowdsCache(strideBytes: number): boolean {
  return strideBytes % 512 === 0;
}

/** Byte offsets from the start of the scratch; sizes are stated by the kernels that use them. */
export type LocatorLayout = ReturnType<typeof layOutLocator>;

export function layOutLocator(
  shape: FrameShape,
  format: PixelFormat,
  params: LocateParameters,
  disc: Disc,
  halves: { y: number; x: number },
) {
  const { height, width } = shape;
  const { smoothingSize, separation } = params;
  const isFloat = format === "float32";
  const padded = Math.ceil(width / 8) * 8;
  const chunks = Math.ceil((2 * disc.radius.x + 1) / 8);
  const tables = chunks * rowsOf(disc);
  const levels = [...new Set(disc.halfWidths)].sort((a, b) => a - b);
  const pixels = height * width;
  const candidateCapacity = Math.min(pixels, (pixels >> 3) + 4096);
  const rowCapacity = Math.min(detectionCapacity(shape, separation), candidateCapacity);
  const cells = {
    down: Math.floor((height - 1) / separation.y) + 2,
    across: Math.floor((width - 1) / separation.x) + 2,
  };
  const imageStride = spreadStride(padded * 2);
  const rawStride = spreadStride(padded * (isFloat ? 4 : 2));
  const bitStride = Math.ceil(width / 128) * 16;
  const blockStride = Math.ceil(padded / 32) * 16;
  const listBytes = Math.min(Math.max((pixels >> 6) * 16, 65536), 1_000_000);
  // bandPass_u16 works in strips of 2048 columns with a margin on both sides.
  const stripBytes = (2048 + 2 * Math.ceil(halves.x / 8) * 8) * 8;
  const bandPassedStride = padded * 8;
  const differenceStride = padded * 4;
  // To find a rank among n pixels takes n / every to sample, and sorts out about 4 sqrt(n every) / 2 around it: least for
  // every = cbrt(n) / 2.5. Odd, so that columns are sampled alike; float32 samples must fit the list.
  const sampleEvery = Math.ceil(Math.max(Math.cbrt(pixels) / 2.5, (pixels * 4) / (listBytes - 64))) | 1;
  const carver = new Carver();
  return {
    padded,
    chunks,
    levels,
    candidateCapacity,
    rowCapacity,
    cells,
    imageStride,
    rawStride,
    bitStride,
    blockStride,
    bandPassedStride,
    differenceStride,
    listBytes,
    sampleEvery,
    // Tables, written once.
    weightsY: carver.take((halves.y + 1) * 8),
    weightsX: carver.take((halves.x + 1) * 8),
    ones: carver.take(tables * 16),
    xs: carver.take(tables * 16),
    squares: carver.take(tables * 16),
    cosines: carver.take(tables * 64),
    sines: carver.take(tables * 64),
    sums: carver.take(64),
    limits: carver.take(40),
    halfWidths: carver.take(rowsOf(disc) * 4),
    widths: carver.take(levels.length * 4),
    levelOfRow: carver.take(rowsOf(disc) * 4),
    // Rows.
    columns: carver.take(isFloat ? (padded + 8) * 12 : (padded + 8) * 4),
    prefix: carver.take((padded + smoothingSize.x + 32) * 4, (smoothingSize.x + 8) * 4),
    ring: carver.take((2 * halves.y + 1) * stripBytes),
    smooth: carver.take((padded + 2 * halves.x + 32) * 8 + stripBytes, (halves.x + 8) * 8),
    level: carver.take((padded + 16) * 2),
    segmentLimits: carver.take(Math.ceil(width / 64) * 8 + 48),
    quad: carver.take(256),
    dividers: carver.take(32),
    segments: carver.take(Math.ceil(width / 64) * height * 4),
    rowMost: carver.take(height * 4),
    sampled: carver.take(4),
    survivors: carver.take(padded * 2),
    // 8 blocks of zeros before and after.
    maxima: carver.take(blockStride + 32, 32),
    ranks: carver.take(48),
    noise: carver.take(16),
    backgroundBits: carver.take(bitStride),
    addresses: carver.take(rowsOf(disc) * 4),
    runs: carver.take((rowsOf(disc) * levels.length + 2) * (bitStride + 32)),
    // Images.
    raw: carver.take(height * rawStride),
    background: carver.take(params.preprocess ? height * rawStride : 0),
    bandPassed: carver.take(params.preprocess ? height * bandPassedStride : 0),
    image: carver.take(height * imageStride),
    zeroBits: carver.take(height * bitStride),
    blocks: carver.take(Math.ceil(height / 4) * blockStride),
    list: carver.take(listBytes),
    // Features.
    peaks: carver.take(candidateCapacity * 8),
    features: carver.take(candidateCapacity * 40),
    dropped: carver.take(candidateCapacity),
    next: carver.take(candidateCapacity * 4),
    heads: carver.take(cells.down * cells.across * 4),
    kept: carver.take(candidateCapacity * 4),
    rows: carver.take(rowCapacity * 64),
    totalBytes: carver.total,
  };
}

function rowsOf(disc: Disc): number {
  return disc.halfWidths.length;
}
