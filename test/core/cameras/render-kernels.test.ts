import { describe, expect, it } from "vitest";
import { Random } from "../../../src/core/cameras/sim/random.js";
import { addBead, renderBackground } from "../../../src/core/cameras/sim/render-reference.js";
import { loadKernels } from "../../../src/core/kernels/load-kernels.js";

const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
const kernels = loadKernels(memory);
const at = { noise: 1 << 16, starts: 1 << 19, columns: 1 << 18, out: (1 << 20) + 2 };
const noiseSamples = 4096;
const random = new Random(7, 0);
const noise = new Int16Array(memory.buffer, at.noise, noiseSamples + 1024);
for (let index = 0; index < noise.length; index++) noise[index] = Math.round(1024 * 3 * random.normal());

/** Bytes to both sides of the output that nobody may touch. */
const guard = 64;

function output(isWide: boolean, pixels: number, fill: (index: number) => number) {
  const bytes = pixels * (isWide ? 2 : 1);
  const all = new Uint8Array(memory.buffer, at.out - guard, bytes + 2 * guard);
  all.fill(0xa5);
  const out = isWide ? new Uint16Array(memory.buffer, at.out, pixels) : new Uint8Array(memory.buffer, at.out, pixels);
  for (let index = 0; index < pixels; index++) out[index] = fill(index);
  const guardsHold = () =>
    all.subarray(0, guard).every((b) => b === 0xa5) && all.subarray(guard + bytes).every((b) => b === 0xa5);
  return { out, guardsHold };
}

const levels = [
  { mean: 300.3, slopeY: 0, slopeX: 0, variance: 9, perGrey: 0.7 },
  { mean: 120, slopeY: 1.37, slopeX: -0.21, variance: -10, perGrey: 1 },
  { mean: 0, slopeY: 0, slopeX: 0, variance: 400, perGrey: 0 },
  { mean: 65500, slopeY: 3, slopeX: 0.5, variance: 0, perGrey: 1 },
];

describe("renderBackground equals its twin, bit for bit", () => {
  for (const width of [1, 3, 7, 8, 9, 16, 17, 63, 64, 65, 127, 131, 520]) {
    it(`at width ${width}, 8 and 16 bits, clamping at both ends`, () => {
      const height = 5;
      const starts = new Uint32Array(memory.buffer, at.starts, height);
      for (let y = 0; y < height; y++) starts[y] = random.below(noiseSamples);
      for (const { mean, slopeY, slopeX, variance, perGrey } of levels) {
        for (const [isWide, most] of [
          [true, 65535],
          [true, 4095],
          [false, 255],
        ] as const) {
          const { out, guardsHold } = output(isWide, width * height, () => 0);
          const kernel = isWide ? kernels.renderBackground_u16 : kernels.renderBackground_u8;
          kernel(at.out, width, height, at.noise, at.starts, mean, slopeY, slopeX, variance, perGrey, most);
          const twin = isWide ? new Uint16Array(width * height) : new Uint8Array(width * height);
          renderBackground(twin, width, height, noise, starts, { mean, slopeY, slopeX }, variance, perGrey, most);
          expect([...out]).toEqual([...twin]);
          expect(guardsHold()).toBe(true);
        }
      }
    });
  }
});

describe("addBead equals its twin, bit for bit", () => {
  for (const width of [1, 2, 3, 4, 5, 7, 8, 11, 12, 37, 40]) {
    it(`at width ${width} with a stride, 8 and 16 bits, clamping at both ends`, () => {
      const height = 6;
      const stride = width + 3;
      const profile = (index: number, length: number) =>
        new Float32Array(memory.buffer, at.columns + index * 1024, length);
      const [columns, columnMoments, rows, rowMoments] = [
        profile(0, width),
        profile(1, width),
        profile(2, height),
        profile(3, height),
      ];
      for (const profiles of [columns, columnMoments, rows, rowMoments]) {
        for (let index = 0; index < profiles.length; index++) profiles[index] = 40 * random.uniform();
      }
      const noiseAt = random.below(noiseSamples);
      for (const [isWide, most] of [
        [true, 65535],
        [true, 1500],
        [false, 255],
      ] as const) {
        const before = (index: number) => (index % 5 === 0 ? most : index % 3);
        const { out, guardsHold } = output(isWide, stride * height, before);
        const kernel = isWide ? kernels.addBead_u16 : kernels.addBead_u8;
        kernel(
          at.out,
          stride,
          width,
          height,
          at.columns,
          at.columns + 1024,
          at.columns + 2048,
          at.columns + 3072,
          at.noise + 2 * noiseAt,
          0.4,
          most,
        );
        const twin = isWide ? new Uint16Array(stride * height) : new Uint8Array(stride * height);
        for (let index = 0; index < twin.length; index++) twin[index] = before(index);
        addBead(twin, 0, stride, columns, columnMoments, rows, rowMoments, noise.subarray(noiseAt), 0.4, most);
        expect([...out]).toEqual([...twin]);
        expect(guardsHold()).toBe(true);
      }
    });
  }
});
