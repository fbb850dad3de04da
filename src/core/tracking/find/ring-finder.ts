/**
 * Rings in one frame as rows of the table of detections: x, y and ep are the centre's, size is the radius and signal the
 * score (the share of the circumference that was seen); the other columns do not apply and are NaN.
 */
import { column, detectionColumns } from "../../model/detection.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import { bytesPerPixel } from "../../model/pixel-format.js";
import type { FrameShape } from "../locate/parameters.js";
import type { RingParameters } from "../ring/parameters.js";
import { createRingLocator } from "../ring/ring-locator.js";
import { createFeatureFlagger } from "./flag-features.js";
import type { FoundTable, ParticleFinder, SearchRegion } from "./particle-finder.js";

/** Plain JSON: it crosses to the threads. */
export interface RingFindParameters {
  readonly ring: RingParameters;
  readonly region: SearchRegion | null;
  /**
   * Follow the rings of the frame before and search the whole frame only every so many frames; null searches every frame.
   * Following needs the frames in order.
   */
  readonly searchEvery: number | null;
  readonly hasFlags: boolean;
  readonly saturation: number;
}

export function createRingFinder(shape: FrameShape, format: PixelFormat, params: RingFindParameters): ParticleFinder {
  const { region, searchEvery } = params;
  const locator = createRingLocator({ shape: region ?? shape, format, params: params.ring });
  const diameter = { y: Math.round(params.ring.diameter), x: Math.round(params.ring.diameter) };
  const flagger = params.hasFlags ? createFeatureFlagger(shape, diameter, params.saturation) : null;
  let count = 0;
  let sinceSearch = 0;

  function write(table: FoundTable, rows: number): void {
    const { values } = table;
    const { rings } = locator;
    values.fill(Number.NaN, 0, rows * detectionColumns.length);
    for (let row = 0; row < rows; row++) {
      values[column.x * rows + row] = rings.x[row]! + (region?.x ?? 0);
      values[column.y * rows + row] = rings.y[row]! + (region?.y ?? 0);
      values[column.size * rows + row] = rings.radius[row]!;
      values[column.signal * rows + row] = rings.score[row]!;
      values[column.ep * rows + row] = rings.ep[row]!;
      values[column.particle_id * rows + row] = -1;
    }
  }

  return {
    find(pixels, _pixelsOffset, strideBytes, table) {
      const stride = strideBytes / bytesPerPixel[format];
      const start = region ? region.y * stride + region.x : 0;
      const isFollowing = searchEvery !== null && count > 0 && sinceSearch < searchEvery - 1;
      sinceSearch = isFollowing ? sinceSearch + 1 : 0;
      count = locator.locate(pixels, start, stride, isFollowing ? { count, ...locator.rings } : undefined);
      const rows = Math.min(count, table.capacity);
      write(table, rows);
      flagger?.flag(pixels, table.values, rows);
      return rows;
    },
  };
}
