/**
 * Everything that happens to one frame on its own, in any order of frames: locate, keep what lies in the mask, refine, flag.
 * Works on a slot in place and keeps nothing from frame to frame.
 */
import type { Kernels } from "../../kernels/load-kernels.js";
import { soloTeam } from "../../memory/team.js";
import { column, detectionColumns } from "../../model/detection.js";
import { bytesPerPixel, type PixelArray, type PixelFormat } from "../../model/pixel-format.js";
import { createLocator, type LocatorTeam, locatorScratchBytes } from "../locate/locator.js";
import type { FrameShape, LocateParameters } from "../locate/parameters.js";
import { isTiled, type TileSize } from "../locate/tiling.js";
import type { RefineMethod, RefineParameters } from "../refine/parameters.js";
import { createRefiner } from "../refine/refiner.js";
import { createFeatureFlagger } from "./flag-features.js";
import { keepRows, markLargest } from "./table.js";

/** A rectangle of the frame, pixels. */
export interface SearchRegion {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Plain JSON: it crosses to the worker threads. */
export interface FindParameters {
  readonly locate: LocateParameters;
  /** Only this part of the frame is looked at, as if the rest were not there; positions stay the whole frame's. */
  readonly region: SearchRegion | null;
  readonly refine: { readonly method: RefineMethod; readonly params: RefineParameters };
  readonly hasFlags: boolean;
  /** Grey level that counts as saturated. */
  readonly saturation: number;
  /** For finders that work on every frame together. */
  readonly tile: TileSize | null;
}

export interface FinderSetup {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly scratchOffset: number;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: FindParameters;
  /** Pixels of the mask, as large as the frame: where it is 0 nothing is kept. */
  readonly mask: PixelArray | null;
  /** The finders this one works with, and where their common scratch is: `params.tile` must be given then. */
  readonly team: Pick<LocatorTeam, "team" | "scratchOffset"> | null;
}

export interface FoundTable {
  /** Room for the table, in the slot. */
  readonly values: Float64Array;
  /** Its address in the shared memory, and the rows it has room for. */
  readonly offset: number;
  readonly capacity: number;
}

export interface ParticleFinder {
  /**
   * Finds the particles of the frame whose pixels lie at `pixelsOffset`; returns the rows written. The finders of a team are
   * all asked for the same frame, and write one table, the same to the bit.
   */
  find(pixels: PixelArray, pixelsOffset: number, strideBytes: number, table: FoundTable): number;
}

/** Scratch of each finder, and what a team of so many workers needs besides: undefined where they are better off alone. */
export function finderScratchBytes(
  shape: FrameShape,
  format: PixelFormat,
  params: FindParameters,
  workers: number,
): { readonly own: number; readonly team: number | undefined } {
  const { tile, region, locate } = params;
  if (!tile || workers < 2 || !isTiled(region ?? shape, tile)) {
    return { own: locatorScratchBytes(region ?? shape, format, locate).own, team: undefined };
  }
  return locatorScratchBytes(region ?? shape, format, locate, { tile, workers });
}

/** Pieces in which a team shares the refinement of a frame's features. */
const refinedAtOnce = 8;

export function createParticleFinder(setup: FinderSetup): ParticleFinder {
  const { params, shape, format, mask } = setup;
  const { region, locate, refine, tile } = params;
  const team = setup.team?.team ?? soloTeam;
  // The heaviest are chosen after the mask, so that what it hides does not take their places.
  const { topn, ...unlimited } = locate;
  const locator = createLocator({
    kernels: setup.kernels,
    memory: setup.memory,
    scratchOffset: setup.scratchOffset,
    shape: region ?? shape,
    format,
    params: mask && topn !== undefined ? unlimited : locate,
    team: setup.team && tile ? { ...setup.team, tile } : null,
  });
  const refiner = refine.method === "centroid" ? null : createRefiner({ ...refine, shape, format });
  const flagger = params.hasFlags ? createFeatureFlagger(shape, locate.diameter, params.saturation) : null;
  let keep = new Uint8Array(0);

  function keepInMask(values: Float64Array, rows: number, within: PixelArray): number {
    if (keep.length < rows) keep = new Uint8Array(rows * 2);
    for (let row = 0; row < rows; row++) {
      const y = Math.round(values[column.y * rows + row]!);
      const x = Math.round(values[column.x * rows + row]!);
      keep[row] = within[y * shape.width + x] === 0 ? 0 : 1;
    }
    const kept = keepRows(values, rows, detectionColumns.length, keep);
    if (topn === undefined) return kept;
    markLargest(values, column.mass * kept, kept, topn, keep);
    return keepRows(values, kept, detectionColumns.length, keep);
  }

  let frame: PixelArray;
  let stride = 0;
  let rows = 0;
  let values: Float64Array;

  /** One member's work on the table of all: positions in the whole frame, and what the mask hides goes. */
  function placeRows(): number {
    if (region) {
      for (let row = 0; row < rows; row++) {
        values[column.y * rows + row]! += region.y;
        values[column.x * rows + row]! += region.x;
      }
    }
    return mask ? keepInMask(values, rows, mask) : rows;
  }

  function refinePiece(piece: number): void {
    const from = piece * refinedAtOnce;
    const to = Math.min(from + refinedAtOnce, rows);
    const [yAt, xAt, epAt] = [column.y * rows, column.x * rows, column.ep * rows];
    refiner?.refineSome(frame, 0, stride, from, to, values, yAt, xAt, epAt);
  }

  function flagRows(): number {
    flagger?.flag(frame, values, rows);
    return rows;
  }

  const noWork = () => {};
  const stay = () => rows;

  return {
    find(pixels, pixelsOffset, strideBytes, table) {
      const start = region ? region.y * strideBytes + region.x * bytesPerPixel[format] : 0;
      frame = pixels;
      stride = strideBytes / bytesPerPixel[format];
      values = table.values;
      rows = locator.locate(pixelsOffset + start, strideBytes, table.offset, table.capacity);
      if (region || mask) rows = team.share(0, noWork, placeRows);
      if (refiner) {
        refiner.noteStarts(rows, values, column.y * rows, column.x * rows);
        team.share(0, noWork, stay);
        rows = team.share(Math.ceil(rows / refinedAtOnce), refinePiece, flagRows);
      } else if (flagger) rows = team.share(0, noWork, flagRows);
      return rows;
    },
  };
}
