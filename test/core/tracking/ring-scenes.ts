/** Synthetic rings of known centre and radius. */

import type { Dice } from "./refine-scenes.js";

export interface SyntheticRing {
  readonly y: number;
  readonly x: number;
  readonly radius: number;
  /** Grey levels of the line above (below) its surroundings, or of the disc's inside above its outside for an edge. */
  readonly contrast: number;
  /** Directions that are hidden, radians, from the first to the second, y downwards. */
  readonly hidden?: readonly [number, number];
}

export interface RingScene {
  readonly height: number;
  readonly width: number;
  readonly rings: readonly SyntheticRing[];
  readonly kind: "line" | "edge";
  /** Standard deviation of the line across, or blur of the edge, pixels. */
  readonly lineWidth: number;
  readonly level: number;
  /** Illumination rises by so many grey levels a pixel to the right and down. */
  readonly slope?: number;
  readonly noise: number;
}

/** Sampled at pixel centres, float32. */
export function drawRings(scene: RingScene, dice: Dice): Float32Array {
  const { height, width, rings, kind, lineWidth, level, slope = 0, noise } = scene;
  const image = new Float32Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let value = level + slope * (row + column) + noise * dice.normal();
      for (const { y, x, radius, contrast, hidden } of rings) {
        const off = Math.hypot(row - y, column - x) - radius;
        if (off > 8 * lineWidth) continue;
        if (hidden !== undefined) {
          const direction = (Math.atan2(row - y, column - x) + 2 * Math.PI) % (2 * Math.PI);
          if (direction >= hidden[0] && direction <= hidden[1]) continue;
        }
        const u = off / lineWidth;
        // The logistic function of 1.702 u is the step blurred by a Gaussian to within 1 %, and as symmetric.
        value += contrast * (kind === "line" ? Math.exp((-u * u) / 2) : 1 / (1 + Math.exp(1.702 * u)));
      }
      image[row * width + column] = value;
    }
  }
  return image;
}

/** Rings of about the given radius, no centres nearer than `apart`, all inside the frame by `margin`. */
export function scatterRings(
  dice: Dice,
  {
    count,
    height,
    width,
    radius,
    apart,
    margin,
    contrast,
  }: Record<"count" | "height" | "width" | "radius" | "apart" | "margin" | "contrast", number>,
): SyntheticRing[] {
  const rings: SyntheticRing[] = [];
  for (let tries = 0; rings.length < count && tries < 100_000; tries++) {
    const y = margin + dice.uniform() * (height - 1 - 2 * margin);
    const x = margin + dice.uniform() * (width - 1 - 2 * margin);
    if (rings.some((ring) => Math.hypot(ring.y - y, ring.x - x) < apart)) continue;
    rings.push({ y, x, radius: radius * (0.9 + 0.2 * dice.uniform()), contrast });
  }
  return rings;
}
