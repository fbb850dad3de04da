/** A bead's image as sums of products of a row and a column profile, at its exact sub-pixel position. */
import type { SimSettings } from "./settings.js";

/**
 * Fills `profile[i]` with exp(-(i - centre)^2 / (2 sigma^2)) for whole i, by multiplication outwards from the pixel
 * nearest the centre (error below 1e-12 over any patch): four exponentials a bead instead of one a row and column.
 * `centre` is in pixels of the profile; it may lie outside of it.
 */
export function fillGaussian(profile: Float64Array, length: number, centre: number, sigma: number): void {
  const nearest = Math.min(length - 1, Math.max(0, Math.round(centre)));
  const halfPrecision = 1 / (2 * sigma * sigma);
  const away = nearest - centre;
  const peak = Math.exp(-away * away * halfPrecision);
  const curvature = Math.exp(-2 * halfPrecision);
  profile[nearest] = peak;
  let value = peak;
  let ratio = Math.exp(-(2 * away + 1) * halfPrecision);
  for (let at = nearest + 1; at < length; at++) {
    value *= ratio;
    ratio *= curvature;
    profile[at] = value;
  }
  value = peak;
  ratio = Math.exp((2 * away - 1) * halfPrecision);
  for (let at = nearest - 1; at >= 0; at--) {
    value *= ratio;
    ratio *= curvature;
    profile[at] = value;
  }
}

/** The four float32 profiles of one patch: signal = rows x columns + rowMoments x columnMoments, grey levels. */
export interface PatchProfiles {
  readonly columns: Float32Array;
  readonly columnMoments: Float32Array;
  readonly rows: Float32Array;
  readonly rowMoments: Float32Array;
}

const scratch = { rows: new Float64Array(0), columns: new Float64Array(0) };

/**
 * Profiles of a bead at (y, x) of the patch with brightest point `amplitude`.
 * gaussian: A exp(-r^2 / 2 sigma^2). ring: A u exp(1 - u), u = r^2 / (2 sigma^2), the donut mode, brightest at
 * r = sqrt(2) sigma; r^2 = dy^2 + dx^2 makes it a sum of two separable parts.
 */
export function fillProfiles(
  into: PatchProfiles,
  settings: Pick<SimSettings, "beadShape" | "beadSigma">,
  amplitude: number,
  y: number,
  x: number,
  height: number,
  width: number,
): void {
  if (scratch.rows.length < height) scratch.rows = new Float64Array(height);
  if (scratch.columns.length < width) scratch.columns = new Float64Array(width);
  const { rows, columns } = scratch;
  fillGaussian(rows, height, y, settings.beadSigma);
  fillGaussian(columns, width, x, settings.beadSigma);
  if (settings.beadShape === "gaussian") {
    for (let at = 0; at < height; at++) into.rows[at] = amplitude * rows[at]!;
    for (let at = 0; at < width; at++) into.columns[at] = columns[at]!;
    into.rowMoments.fill(0, 0, height);
    into.columnMoments.fill(0, 0, width);
    return;
  }
  const scale = (amplitude * Math.E) / (2 * settings.beadSigma ** 2);
  for (let at = 0; at < height; at++) {
    into.rows[at] = scale * rows[at]!;
    into.rowMoments[at] = scale * rows[at]! * (at - y) ** 2;
  }
  for (let at = 0; at < width; at++) {
    into.columns[at] = columns[at]! * (at - x) ** 2;
    into.columnMoments[at] = columns[at]!;
  }
}
