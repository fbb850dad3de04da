/** Where everything the kernels need lies in a locator's scratch, and how much that is. */

import { detectionCapacity } from "../../model/detection.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import type { Disc } from "./disc.js";
import type { FrameShape, LocateParameters } from "./parameters.js";
import type { Tiling } from "./tiling.js";

const guardBytes = 64;

/** Hands out addresses one after the other, each on 16 bytes, with room before and after for vectors that overhang. */
class Carver {
  #next = guardBytes;

  take(bytes: number, before = 0): number {
    const address = Math.ceil((this.#next + before) / 16) * 16;
    this.#next = address + Math.ceil(bytes) + guardBytes;
    return address;
  }

  /** Where the next part may begin. */
  get end(): number {
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

/**
 * Byte offsets; sizes are stated by the kernels that use them. What lies below `sharedFrom` belongs to one worker; the rest,
 * up to `totalBytes`, to all who work on one frame. Of some things each of the workers has one, `...Stride` bytes apart.
 */
export type LocatorLayout = ReturnType<typeof layOutLocator>;

/** What is kept of each run of tiles, or of each row of them: float64 values, each record on cache lines of its own. */
export const record = {
  /** copyRows_u16's. */
  extremes: 0,
  /** bandPassSingle_u16's result: three values. */
  most: 1,
  highest: 2,
  doubts: 3,
  /** Samples taken, -1 in doubt. */
  samples: 4,
  /** Pixels that are not zero, -1 in doubt. */
  lit: 5,
  /** How many peaks, by which member they were found, and where in that member's list they begin. */
  peaks: 6,
  finder: 7,
  firstPeak: 8,
  values: 16,
} as const;

/** Each of `workers` takes about this many pieces of the features' measurement. */
export const chunksPerWorker = 4;

export function layOutLocator(
  shape: FrameShape,
  format: PixelFormat,
  params: LocateParameters,
  disc: Disc,
  halves: { y: number; x: number },
  tiling: Tiling,
  workers: number,
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
  const samplesStride = Math.ceil((Math.ceil(tiling.mostPixels / sampleEvery) + 2) / 4) * 16;
  const peaksStride = Math.ceil((candidateCapacity * 8) / 64) * 64;
  const tileFeaturesStride = Math.ceil((candidateCapacity * 40) / 64) * 64;
  const ranksStride = 64;
  const listStride = Math.ceil(listBytes / 64) * 64 + guardBytes;
  const isShared = workers > 1 || tiling.runs.length > 1;
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
    samplesStride,
    peaksStride,
    tileFeaturesStride,
    ranksStride,
    listStride,
    isShared,
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
    survivors: carver.take(padded * 2),
    // 8 blocks of zeros before and after.
    maxima: carver.take(blockStride + 32, 32),
    backgroundBits: carver.take(bitStride),
    addresses: carver.take(rowsOf(disc) * 4),
    runs: carver.take((rowsOf(disc) * levels.length + 2) * (bitStride + 32)),
    sharedFrom: carver.take(0),
    // Words about the frame and its runs of tiles.
    segments: carver.take(Math.ceil(width / 64) * height * 4),
    rowMost: carver.take(height * tiling.across * 4),
    records: carver.take(tiling.runs.length * record.values * 8),
    ranks: carver.take(workers * ranksStride),
    bracket: carver.take(48),
    noise: carver.take(16),
    backgroundSums: carver.take(workers * chunksPerWorker * 24),
    chunkCounts: carver.take(workers * chunksPerWorker * 8),
    // Images.
    raw: carver.take(height * rawStride),
    background: carver.take(params.preprocess ? height * rawStride : 0),
    bandPassed: carver.take(params.preprocess ? height * bandPassedStride : 0),
    image: carver.take(height * imageStride),
    zeroBits: carver.take(height * bitStride),
    blocks: carver.take(Math.ceil(height / 4) * blockStride),
    list: carver.take(workers * listStride),
    // Features. One worker with a whole frame finds them in order and takes its samples straight into its list.
    peaks: carver.take(workers * peaksStride),
    samples: carver.take(isShared ? tiling.runs.length * samplesStride : 0),
    tileFeatures: carver.take(isShared ? workers * tileFeaturesStride : 0),
    features: carver.take(candidateCapacity * 40),
    dropped: carver.take(candidateCapacity),
    next: carver.take(candidateCapacity * 4),
    heads: carver.take(cells.down * cells.across * 4),
    kept: carver.take(candidateCapacity * 4),
    rows: carver.take(rowCapacity * 64),
    totalBytes: carver.end,
  };
}

function rowsOf(disc: Disc): number {
  return disc.halfWidths.length;
}
