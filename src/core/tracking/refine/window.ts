/** The pixels around one feature, in electrons, ready for a fit: cut from the frame, holes marked. */

import type { PixelArray } from "../../model/pixel-format.js";
import type { FrameShape, PerAxis } from "../locate/parameters.js";
import type { CameraNoise } from "./parameters.js";

/** Share of the window's contrast that stands for read noise and quantisation where no camera is known. */
const unknownFloor = 0.01;

/**
 * The variance of a pixel is its mean plus `shift`, in the window's own units: electrons and read variance with a known
 * camera (Huang et al., Nature Methods 10, 653, 2013: a pixel plus its read variance is nearly Poisson with mean
 * mu + variance); grey levels, up to a factor, without.
 */
export class FitWindow {
  /** Row after row, `width` to a row; electrons (grey levels when there is no camera) plus `shift`, not below 0. */
  readonly data: Float64Array;
  /** 1 where the pixel counts, 0 where it is saturated or not finite. */
  readonly live: Float64Array;
  top = 0;
  left = 0;
  height = 0;
  width = 0;
  liveCount = 0;
  shift = 0;
  readonly #shape: FrameShape;
  readonly #half: PerAxis;
  readonly #saturation: number;
  readonly #camera: CameraNoise | undefined;
  readonly #cameraShift: number;

  constructor(
    shape: FrameShape,
    side: PerAxis,
    saturation: number,
    camera: CameraNoise | undefined,
    isInteger: boolean,
  ) {
    this.#shape = shape;
    this.#half = { y: side.y >> 1, x: side.x >> 1 };
    this.#saturation = saturation;
    this.#camera = camera;
    this.data = new Float64Array(side.y * side.x);
    this.live = new Float64Array(side.y * side.x);
    // Rounding to whole grey levels adds 1/12 of a level squared.
    const { gain, readNoise } = camera ?? { gain: 1, readNoise: 0 };
    this.#cameraShift = Math.max(readNoise * readNoise + (isInteger ? (gain * gain) / 12 : 0), 1e-3);
  }

  /**
   * Takes the pixels around (y, x), a pixel's centre; the part beyond the frame's edge is left off. `start` is the index
   * of the frame's first pixel in `pixels`, `stride` the distance of rows, in pixels.
   */
  cut(pixels: PixelArray, start: number, stride: number, y: number, x: number): void {
    this.top = Math.max(0, y - this.#half.y);
    this.left = Math.max(0, x - this.#half.x);
    this.height = Math.min(this.#shape.height, y + this.#half.y + 1) - this.top;
    this.width = Math.min(this.#shape.width, x + this.#half.x + 1) - this.left;
    this.#copy(pixels, start + this.top * stride + this.left, stride);
  }

  /** Whether enough is left to fit so many numbers. */
  canFit(parameters: number): boolean {
    return this.height >= 3 && this.width >= 3 && this.liveCount > 2 * parameters;
  }

  /** Leaves out the pixels that are nearer to (otherY, otherX) than to (y, x), positions in the frame. */
  giveUp(y: number, x: number, otherY: number, otherX: number): void {
    const normalY = otherY - y;
    const normalX = otherX - x;
    const middle = normalY * (y + otherY) * 0.5 + normalX * (x + otherX) * 0.5;
    for (let row = 0, k = 0; row < this.height; row++) {
      const along = normalY * (this.top + row) - middle;
      for (let column = 0; column < this.width; column++, k++) {
        if (along + normalX * (this.left + column) <= 0 || this.live[k] === 0) continue;
        this.data[k] = 0;
        this.live[k] = 0;
        this.liveCount--;
      }
    }
  }

  #copy(pixels: PixelArray, from: number, stride: number): void {
    const { data, live, width, height } = this;
    const saturation = this.#saturation;
    const gain = this.#camera?.gain ?? 1;
    const offset = this.#camera?.offset ?? 0;
    let lowest = Infinity;
    let highest = -Infinity;
    let liveCount = 0;
    for (let row = 0, k = 0; row < height; row++) {
      const line = from + row * stride;
      for (let column = 0; column < width; column++, k++) {
        const pixel = pixels[line + column]!;
        if (pixel < saturation && pixel > -Infinity) {
          const value = (pixel - offset) * gain;
          if (value < lowest) lowest = value;
          if (value > highest) highest = value;
          data[k] = value;
          live[k] = 1;
          liveCount++;
        } else {
          data[k] = 0;
          live[k] = 0;
        }
      }
    }
    const shift = this.#camera === undefined ? unknownFloor * (highest - lowest) : this.#cameraShift;
    for (let k = 0; k < width * height; k++) data[k] = Math.max(0, data[k]! + shift) * live[k]!;
    this.liveCount = liveCount;
    this.shift = shift;
    // A flat window has nothing to find, and no noise to measure.
    if (!(highest > lowest)) this.liveCount = 0;
  }
}
