/**
 * Everything that happens to one frame on its own, in any order of frames: locate, keep what lies in the mask, refine, flag.
 * Works on a slot in place and keeps nothing from frame to frame.
 */
import type { Kernels } from "../../kernels/load-kernels.js";
import { column, detectionColumns } from "../../model/detection.js";
import { bytesPerPixel, type PixelArray, type PixelFormat } from "../../model/pixel-format.js";
import { createLocator, locatorScratchBytes } from "../locate/locator.js";
import type { FrameShape, LocateParameters } from "../locate/parameters.js";
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
}

export interface FoundTable {
  /** Room for the table, in the slot. */
  readonly values: Float64Array;
  /** Its address in the shared memory, and the rows it has room for. */
  readonly offset: number;
  readonly capacity: number;
}

export interface ParticleFinder {
  /** Finds the particles of the frame whose pixels lie at `pixelsOffset`; returns the rows written. */
  find(pixels: PixelArray, pixelsOffset: number, strideBytes: number, table: FoundTable): number;
}

export function finderScratchBytes(shape: FrameShape, format: PixelFormat, params: FindParameters): number {
  return locatorScratchBytes(params.region ?? shape, format, params.locate);
}

export function createParticleFinder(setup: FinderSetup): ParticleFinder {
  const { params, shape, format, mask } = setup;
  const { region, locate, refine } = params;
  // The heaviest are chosen after the mask, so that what it hides does not take their places.
  const { topn, ...unlimited } = locate;
  const locator = createLocator({
    kernels: setup.kernels,
    memory: setup.memory,
    scratchOffset: setup.scratchOffset,
    shape: region ?? shape,
    format,
    params: mask && topn !== undefined ? unlimited : locate,
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

  return {
    find(pixels, pixelsOffset, strideBytes, table) {
      const start = region ? region.y * strideBytes + region.x * bytesPerPixel[format] : 0;
      const { values } = table;
      let rows = locator.locate(pixelsOffset + start, strideBytes, table.offset, table.capacity);
      if (region) {
        for (let row = 0; row < rows; row++) {
          values[column.y * rows + row]! += region.y;
          values[column.x * rows + row]! += region.x;
        }
      }
      if (mask) rows = keepInMask(values, rows, mask);
      refiner?.refine(
        pixels,
        0,
        strideBytes / bytesPerPixel[format],
        rows,
        values,
        column.y * rows,
        column.x * rows,
        column.ep * rows,
      );
      flagger?.flag(pixels, values, rows);
      return rows;
    },
  };
}
