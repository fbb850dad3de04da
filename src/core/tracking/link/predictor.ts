/** Guesses where a live track will be in the next frame from the velocities between the last two frames with features. */
import { growFloat64 } from "./growing-array.js";
import { NearestTree } from "./nearest-tree.js";
import type { LinkPredictor } from "./parameters.js";

/**
 * Velocity samples are the particles found in both of the last two frames that had features, each at its last position
 * with its displacement over the frames between; a prediction is position + velocity x frames since last seen.
 * - "nearest-velocity": the velocity of the nearest sample (trackpy's NearestVelocityPredict, span 1);
 * - "drift": the mean velocity of all samples (trackpy's DriftPredict, span 1).
 * Without samples (the first frame, or no track in common) velocities are zero. Where trackpy differs: it stops with an
 * error on a frame without features; here such a frame leaves the samples as they were. Positions are pixels, not scaled.
 */
export class VelocityField {
  readonly #kind: LinkPredictor;
  #count = 0;
  #y = new Float64Array(0);
  #x = new Float64Array(0);
  #velocityY = new Float64Array(0);
  #velocityX = new Float64Array(0);
  #meanY = 0;
  #meanX = 0;
  #isTreeCurrent = false;
  readonly #tree = new NearestTree();
  /** The last prediction, pixels. */
  predictedY = 0;
  predictedX = 0;

  constructor(kind: LinkPredictor) {
    this.#kind = kind;
  }

  /** Starts the samples of a new frame. */
  clear(): void {
    this.#count = 0;
    this.#meanY = 0;
    this.#meanX = 0;
    this.#isTreeCurrent = false;
  }

  /** Adds a particle at (y, x) that moved by (velocityY, velocityX) pixels a frame. */
  addSample(y: number, x: number, velocityY: number, velocityX: number): void {
    const at = this.#count++;
    this.#y = growFloat64(this.#y, this.#count);
    this.#x = growFloat64(this.#x, this.#count);
    this.#velocityY = growFloat64(this.#velocityY, this.#count);
    this.#velocityX = growFloat64(this.#velocityX, this.#count);
    this.#y[at] = y;
    this.#x[at] = x;
    this.#velocityY[at] = velocityY;
    this.#velocityX[at] = velocityX;
    this.#meanY += (velocityY - this.#meanY) / this.#count;
    this.#meanX += (velocityX - this.#meanX) / this.#count;
  }

  /** Sets `predictedY` and `predictedX` for a particle last seen at (y, x), `frames` frames before the one to come. */
  predict(y: number, x: number, frames: number): void {
    let velocityY = this.#meanY;
    let velocityX = this.#meanX;
    if (this.#kind === "nearest-velocity" && this.#count > 0) {
      if (!this.#isTreeCurrent) this.#tree.fill(this.#count, this.#y, this.#x);
      this.#isTreeCurrent = true;
      // Nothing is found only when squares overflow: then no velocity is nearer than another.
      const found = this.#tree.query(y, x, 1, Number.POSITIVE_INFINITY);
      const nearest = found > 0 ? this.#tree.foundPoint[0]! : 0;
      velocityY = this.#velocityY[nearest]!;
      velocityX = this.#velocityX[nearest]!;
    }
    this.predictedY = y + velocityY * frames;
    this.predictedX = x + velocityX * frames;
  }
}
