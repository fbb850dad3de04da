/** Quality flags of the features of one frame that can be told from the frame alone. */
import { column, detectionFlag } from "../../model/detection.js";
import type { PixelArray } from "../../model/pixel-format.js";
import type { FrameShape, PerAxis } from "../locate/parameters.js";

export interface FeatureFlagger {
  /** Writes the flags column of a compact table of `rows` rows. */
  flag(pixels: PixelArray, values: Float64Array, rows: number): void;
}

/**
 * nearEdge: nearer to an edge than the diameter. overlapping: another feature within the diameter (each axis divided by
 * its own). saturated: a pixel of the disc at or above `saturation`.
 */
export function createFeatureFlagger(shape: FrameShape, diameter: PerAxis, saturation: number): FeatureFlagger {
  const radius = { y: diameter.y >> 1, x: diameter.x >> 1 };
  /** Half width of the disc at each row from -radius.y to radius.y. */
  const halfWidths = Int32Array.from({ length: diameter.y }, (_, i) => {
    const dy = (i - radius.y) / Math.max(1, radius.y);
    return Math.floor(radius.x * Math.sqrt(Math.max(0, 1 - dy * dy)) + 1e-9);
  });
  let order = new Int32Array(0);

  function isSaturated(pixels: PixelArray, y: number, x: number): boolean {
    const cy = Math.round(y);
    const cx = Math.round(x);
    for (let i = 0; i < diameter.y; i++) {
      const row = cy + i - radius.y;
      if (row < 0 || row >= shape.height) continue;
      const half = halfWidths[i]!;
      const last = Math.min(shape.width - 1, cx + half);
      for (let at = Math.max(0, cx - half); at <= last; at++) {
        if (pixels[row * shape.width + at]! >= saturation) return true;
      }
    }
    return false;
  }

  return {
    flag(pixels, values, rows) {
      const yAt = column.y * rows;
      const xAt = column.x * rows;
      const flagsAt = column.flags * rows;
      for (let row = 0; row < rows; row++) {
        const y = values[yAt + row]!;
        const x = values[xAt + row]!;
        let flags = 0;
        if (y < diameter.y || x < diameter.x || y > shape.height - 1 - diameter.y || x > shape.width - 1 - diameter.x) {
          flags |= detectionFlag.nearEdge;
        }
        if (isSaturated(pixels, y, x)) flags |= detectionFlag.saturated;
        values[flagsAt + row] = flags;
      }
      // Features in the order of y: only those within one diameter below have to be looked at.
      if (order.length < rows) order = new Int32Array(rows * 2);
      const sorted = order.subarray(0, rows);
      for (let row = 0; row < rows; row++) sorted[row] = row;
      sorted.sort((a, b) => values[yAt + a]! - values[yAt + b]!);
      for (let i = 0; i < rows; i++) {
        const a = sorted[i]!;
        for (let j = i + 1; j < rows; j++) {
          const b = sorted[j]!;
          const dy = (values[yAt + b]! - values[yAt + a]!) / diameter.y;
          if (dy >= 1) break;
          const dx = (values[xAt + b]! - values[xAt + a]!) / diameter.x;
          if (dy * dy + dx * dx >= 1) continue;
          values[flagsAt + a] = values[flagsAt + a]! | detectionFlag.overlapping;
          values[flagsAt + b] = values[flagsAt + b]! | detectionFlag.overlapping;
        }
      }
    },
  };
}
