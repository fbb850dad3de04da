/** Improves the positions of one frame's features, each from the pixels around it. */

import { parameterRefusal } from "../../errors.js";
import type { PixelArray } from "../../model/pixel-format.js";
import { GaussianFit } from "./gaussian-fit.js";
import { checkRefineParameters, type RefinerSetup, saturationLevel } from "./parameters.js";
import { RadialSymmetryFit } from "./radial-symmetry.js";
import { StartGrid } from "./start-grid.js";
import { FitWindow } from "./window.js";

/** How often the window follows a feature that turns out to lie nearer to another pixel. */
const maxWindows = 4;
/** The window follows when the centre is farther than this from the middle pixel, on either axis. */
const recentreBeyond = 0.6;

export interface Refiner {
  /**
   * Improves `count` positions in place: y at values[yAt ...], x at values[xAt ...], and writes their uncertainty to
   * values[epAt ...]: one standard deviation on one axis (root of the mean of both axes' variances), pixels. The frame's
   * first pixel is pixels[start], its rows are `stride` pixels apart; pixels are read only.
   *
   * Where a fit fails the position stays as it was and ep is NaN: a flat window, fewer live pixels than twice the
   * parameters, a feature of the wrong sign, a centre farther than half a window from the start, no convergence. Windows
   * are cut at the frame's edges; saturated pixels and such that are not finite are left out, and so are pixels
   * that are nearer to another feature's start: what is left of a neighbour's light is not modelled, it pulls the position
   * towards it, and ep does not know. Returns how many failed.
   */
  refine(
    pixels: PixelArray,
    start: number,
    stride: number,
    count: number,
    values: Float64Array,
    yAt: number,
    xAt: number,
    epAt: number,
  ): number;
  /**
   * The same in two halves, for workers that share a frame's features: each notes where all of them start, and when all
   * have done so, refines those from `from` to `to` - 1.
   */
  noteStarts(count: number, values: Float64Array, yAt: number, xAt: number): void;
  refineSome(
    pixels: PixelArray,
    start: number,
    stride: number,
    from: number,
    to: number,
    values: Float64Array,
    yAt: number,
    xAt: number,
    epAt: number,
  ): number;
}

/**
 * A refiner for frames of one shape and format. It allocates here, and later only room
 * for the starts of a frame with more features than any before; it keeps nothing from frame to frame,
 * so that any number of workers with one each give the same answers. `centroid` changes neither positions nor ep.
 * Throws a MoteError with all problems of `checkRefineParameters`.
 */
export function createRefiner(setup: RefinerSetup): Refiner {
  const faults = setup.method === "centroid" ? [] : checkRefineParameters(setup);
  if (faults.length > 0) throw parameterRefusal("refinement", faults);
  if (setup.method === "centroid") return { refine: () => 0, noteStarts: () => {}, refineSome: () => 0 };
  const { params, shape, format } = setup;
  const window = new FitWindow(
    shape,
    params.window,
    saturationLevel(format, params),
    params.camera,
    format !== "float32",
  );
  const fit = setup.method === "gaussian" ? new GaussianFit(params) : new RadialSymmetryFit(params);
  const reach = { y: params.window.y / 2, x: params.window.x / 2 };
  const starts = new StartGrid(shape, Math.max(params.window.y, params.window.x));
  let y = 0;
  let x = 0;

  /** Fits around (y, x), where the centre is left. */
  function follow(pixels: PixelArray, start: number, stride: number, feature: number): boolean {
    const near = starts.findNear(feature);
    for (let windows = 0; windows < maxWindows; windows++) {
      const middleY = Math.min(Math.max(Math.round(y), 0), shape.height - 1);
      const middleX = Math.min(Math.max(Math.round(x), 0), shape.width - 1);
      window.cut(pixels, start, stride, middleY, middleX);
      for (let i = 0; i < near; i++) {
        const other = starts.near[i]!;
        window.giveUp(starts.y[feature]!, starts.x[feature]!, starts.y[other]!, starts.x[other]!);
      }
      if (!window.canFit(fit.freeCount)) return false;
      if (!fit.fit(window, y - window.top, x - window.left)) return false;
      y = window.top + fit.y;
      x = window.left + fit.x;
      if (Math.abs(y - middleY) <= recentreBeyond && Math.abs(x - middleX) <= recentreBeyond) break;
    }
    return true;
  }

  return {
    refine(pixels, start, stride, count, values, yAt, xAt, epAt) {
      this.noteStarts(count, values, yAt, xAt);
      return this.refineSome(pixels, start, stride, 0, count, values, yAt, xAt, epAt);
    },
    noteStarts: (count, values, yAt, xAt) => starts.fill(count, values, yAt, xAt),
    refineSome(pixels, start, stride, from, to, values, yAt, xAt, epAt) {
      let failed = 0;
      for (let feature = from; feature < to; feature++) {
        const fromY = values[yAt + feature]!;
        const fromX = values[xAt + feature]!;
        y = fromY;
        x = fromX;
        const isFitted =
          fromY >= -0.5 &&
          fromY < shape.height - 0.5 &&
          fromX >= -0.5 &&
          fromX < shape.width - 0.5 &&
          follow(pixels, start, stride, feature) &&
          Math.abs(y - fromY) <= reach.y &&
          Math.abs(x - fromX) <= reach.x;
        if (isFitted) {
          values[yAt + feature] = y;
          values[xAt + feature] = x;
          values[epAt + feature] = fit.ep;
        } else {
          values[epAt + feature] = Number.NaN;
          failed++;
        }
      }
      return failed;
    },
  };
}
