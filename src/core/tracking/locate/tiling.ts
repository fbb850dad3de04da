/**
 * The parts of a frame that several workers take in turn. A tile, or a run of them, owns what lies in it: its pixels of every image on the
 * way, and the peaks within it. What a tile's work reads beyond its edges is its neighbours' work, finished before.
 */

import type { ParameterFault } from "../../errors.js";
import { type FrameShape, type LocateParameters, lowPassReach, peakReach } from "./parameters.js";

/** Size of the tiles, pixels, and how far the work on one may reach beyond its edges. */
export interface TileSize {
  readonly height: number;
  readonly width: number;
  readonly overlap: number;
}

/** Tiles side by side that one worker takes together. */
export interface TileRun {
  readonly left: number;
  /** One more than the last column; so is `bottom`. */
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Which row of tiles it lies in, and which run of this row it is. */
  readonly row: number;
  readonly column: number;
}

export interface Tiling {
  /** Row after row. */
  readonly runs: readonly TileRun[];
  /** Where each worker's share of the runs begins, and after it the next one's. */
  readonly homes: readonly number[];
  /** Most runs in a row. */
  readonly across: number;
  /** The rows of tiles: steps that work on whole rows of pixels share these. */
  readonly bands: readonly { readonly top: number; readonly bottom: number }[];
  /** Pixels of the largest run. */
  readonly mostPixels: number;
}

/** Kernels write 64 columns and 4 rows at a time: two workers must not meet in one of these. */
const grid = { y: 4, x: 64 } as const;

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** How many tiles such a frame has; sizes are rounded up to what kernels write at a time. */
function tileCounts({ height, width }: FrameShape, size: TileSize) {
  const [stepY, stepX] = [roundUp(size.height, grid.y), roundUp(size.width, grid.x)];
  return { stepY, stepX, down: Math.ceil(height / stepY), across: Math.ceil(width / stepX) };
}

export function isTiled(shape: FrameShape, size: TileSize): boolean {
  const { down, across } = tileCounts(shape, size);
  return down * across > 1;
}

/**
 * One run, the whole frame, where `size` is null. Else every worker has its share of the tiles, in order, and in it long runs
 * come first, since long rows of pixels are the faster, and single tiles last, for those who are done to help with: each run
 * takes half of what is left.
 */
export function planTiles(shape: FrameShape, size: TileSize | null, workers: number): Tiling {
  const { height, width } = shape;
  const { stepY, stepX, down, across } = tileCounts(shape, size ?? { height, width, overlap: 0 });
  const bands = Array.from({ length: down }, (_, row) => ({
    top: row * stepY,
    bottom: Math.min((row + 1) * stepY, height),
  }));
  const runs: TileRun[] = [];
  const homes = [0];
  for (let worker = 0; worker < workers; worker++) {
    const end = Math.floor((down * across * (worker + 1)) / workers);
    for (let tile = Math.floor((down * across * worker) / workers); tile < end; ) {
      const row = Math.floor(tile / across);
      const count = Math.min(size ? Math.ceil((end - tile) / 2) : 1, (row + 1) * across - tile);
      const first = tile - row * across;
      const before = runs.at(-1);
      runs.push({
        ...bands[row]!,
        left: first * stepX,
        right: Math.min((first + count) * stepX, width),
        row,
        column: before?.row === row ? before.column + 1 : 0,
      });
      tile += count;
    }
    homes.push(runs.length);
  }
  return {
    runs,
    homes,
    across: Math.max(...runs.map(({ column }) => column + 1)),
    bands,
    mostPixels: Math.max(...runs.map((run) => (run.right - run.left) * (run.bottom - run.top))),
  };
}

/**
 * How far beyond a tile the pixels lie that decide its peaks and their centroids: the background's window and the low-pass
 * around each pixel, and on these pixels the windows of the peaks, and the disc where it has walked one pixel in every
 * iteration but the last.
 */
export function leastOverlap(params: LocateParameters): number {
  const lowPass = lowPassReach(params);
  const reach = (axis: "y" | "x") => {
    const filter = params.preprocess ? Math.max(params.smoothingSize[axis] >> 1, lowPass[axis]) : 0;
    const peak = peakReach(params.separation[axis]).after;
    const walk = (params.diameter[axis] >> 1) + params.maxIterations - 1;
    return filter + Math.max(peak, walk);
  };
  return Math.max(reach("y"), reach("x"));
}

/** What is wrong with tiles for such a search. */
export function checkTiles(size: TileSize, least: number): ParameterFault<"overlap">[] {
  if (size.overlap >= least) return [];
  return [
    {
      field: "overlap",
      what: `must be at least ${least}, the reach of these filters and of the refinement, got ${size.overlap}`,
      hint: `Give ${least} or more: a particle on a tile's edge would not be found as in the whole frame.`,
    },
  ];
}
