/** The rendering kernels' twin in plain TypeScript: the same float32 arithmetic in the same order, so results agree exactly. */
import { noiseScale } from "./noise-field.js";

const f = Math.fround;

/** Rounds to nearest even, as adding 1.5 * 2^23 to a float32 does, and clamps to 0..most. */
function rounded(value: number, most: number): number {
  return Math.min(most, Math.max(0, f(value + 12582912) - 12582912));
}

/** See `renderBackground_u16` in assembly/render.ts; `noise` int16 samples, `out` and `rowStarts` as there. */
export function renderBackground(
  out: Uint8Array | Uint16Array,
  width: number,
  height: number,
  noise: Int16Array,
  rowStarts: Uint32Array,
  level: { mean: number; slopeY: number; slopeX: number },
  variance: number,
  variancePerGrey: number,
  most: number,
): void {
  const [slopeX, step] = [f(level.slopeX), f(4 * f(level.slopeX))];
  for (let y = 0; y < height; y++) {
    const rowMean = f(f(level.mean) + f(f(level.slopeY) * y));
    for (let block = 0; block < width; block += 64) {
      const middle = f(rowMean + f(slopeX * f(block + 31.5)));
      const total = f(f(variance) + f(f(variancePerGrey) * middle));
      const deviation = f(f(Math.sqrt(Math.max(0, total))) / noiseScale);
      const end = Math.min(width, block + 64);
      const vectorEnd = block + ((end - block) & ~7);
      for (let x = block; x < end; x++) {
        let base: number;
        if (x < vectorEnd) {
          base = f(f(rowMean + f(slopeX * block)) + f(slopeX * ((x - block) & 3)));
          for (let steps = (x - block) >> 2; steps > 0; steps--) base = f(base + step);
        } else base = f(rowMean + f(slopeX * x));
        out[y * width + x] = rounded(f(base + f(deviation * noise[rowStarts[y]! + x]!)), most);
      }
    }
  }
}

/** See `addBead_u16` in assembly/render.ts; `at` is the index of the patch's first pixel. */
export function addBead(
  out: Uint8Array | Uint16Array,
  at: number,
  stride: number,
  columns: Float32Array,
  columnMoments: Float32Array,
  rows: Float32Array,
  rowMoments: Float32Array,
  noise: Int16Array,
  greyPerElectron: number,
  most: number,
): void {
  const width = columns.length;
  for (let y = 0; y < rows.length; y++) {
    for (let x = 0; x < width; x++) {
      const signal = f(f(rows[y]! * columns[x]!) + f(rowMoments[y]! * columnMoments[x]!));
      const shot = f(f(Math.sqrt(f(signal * f(greyPerElectron)))) * f(noise[y * width + x]! / noiseScale));
      const pixel = at + y * stride + x;
      out[pixel] = rounded(f(out[pixel]! + f(signal + shot)), most);
    }
  }
}
