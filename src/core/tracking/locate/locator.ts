/**
 * Locates features with the WebAssembly kernels: the fast twin of `locate-reference.ts`, with the same answers. Frames
 * are read where they lie in the shared memory and never written; all scratch is reserved when the locator is made.
 */

import { failure } from "../../errors.js";
import type { Kernels } from "../../kernels/load-kernels.js";
import { column, detectionColumns } from "../../model/detection.js";
import { bytesPerPixel, maximumPixel, type PixelFormat } from "../../model/pixel-format.js";
import { createDisc, type Disc, staticErrorFactor } from "./disc.js";
import { writeDiscTables } from "./disc-tables.js";
import { createFilter, type FilteredFrame, type RawFrame, unpackExtremes } from "./filter.js";
import { gaussianKernel } from "./gaussian-kernel.js";
import { crowdsCache, type LocatorLayout, layOutLocator } from "./locator-layout.js";
import { discRadius, edgeMargin, type FrameShape, type LocateParameters, peakReach } from "./parameters.js";

export interface LocatorSetup {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** Start of `locatorScratchBytes` bytes that belong to this locator alone; a multiple of 16. */
  readonly scratchOffset: number;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: LocateParameters;
}

export interface Locator {
  /**
   * Locates the features of the frame at `pixelsOffset`, rows `strideBytes` apart, and writes a column of float64 for
   * each of `detectionColumns` at `outOffset` (a multiple of 8), one after the other without gaps: column c starts at
   * outOffset + c * rowCount * 8. particle_id is -1. Rows are in raster order of the peaks they grew from; with topn in
   * effect, by rising mass. Float pixels that are not finite count as black. Returns rowCount, which is 0 for a black
   * or constant frame. Fails where there are more than `capacity` rows, with nothing written.
   */
  locate(pixelsOffset: number, strideBytes: number, outOffset: number, capacity: number): number;
}

interface LowPassWeights {
  readonly y: Float64Array;
  readonly x: Float64Array;
}

/** Weights from the centre outwards. */
function lowPassWeights({ noiseSize }: LocateParameters): LowPassWeights {
  const outwards = (weights: Float64Array) => weights.slice(0, (weights.length >> 1) + 1).reverse();
  return { y: outwards(gaussianKernel(noiseSize.y)), x: outwards(gaussianKernel(noiseSize.x)) };
}

function plan(shape: FrameShape, format: PixelFormat, params: LocateParameters) {
  const disc = createDisc(discRadius(params));
  const weights = lowPassWeights(params);
  const halves = { y: weights.y.length - 1, x: weights.x.length - 1 };
  return { disc, weights, halves, layout: layOutLocator(shape, format, params, disc, halves) };
}

/** How much scratch a locator for such frames needs. */
export function locatorScratchBytes(shape: FrameShape, format: PixelFormat, params: LocateParameters): number {
  return plan(shape, format, params).layout.totalBytes;
}

/** A row of characterize_u16: x, y, mass, ecc, size, signal, raw mass, index. */
const rowValues = 8;

const suffix = { uint8: "u8", uint16: "u16", float32: "f32" } as const;

/** Parameters must have passed `checkLocateParameters`. */
export function createLocator(setup: LocatorSetup): Locator {
  const { kernels, memory, scratchOffset: base, shape, format, params } = setup;
  const { height, width } = shape;
  const { disc, weights, halves, layout } = plan(shape, format, params);
  prepareScratch(memory.buffer, base, layout, disc, weights, params);

  const reach = { y: peakReach(params.separation.y), x: peakReach(params.separation.x) };
  const margin = edgeMargin(params);
  const factor = staticErrorFactor(disc, params.noiseSize);
  const isFloat = format === "float32";
  const isWide = disc.radius.y > 30 || disc.radius.x > 30 ? 1 : 0;
  const flip = params.invert ? maximumPixel[format] : 0;
  const filter = createFilter({ kernels, memory, scratchOffset: base, layout, shape, format, params, halves });
  const image = base + layout.image;
  const noise = new Float64Array(memory.buffer, base + layout.noise, 2);
  const rows = new Float64Array(memory.buffer, base + layout.rows, layout.rowCapacity * rowValues);
  const order = Int32Array.from({ length: params.topn === undefined ? 0 : layout.rowCapacity }, (_, index) => index);
  const byMass = (a: number, b: number) => rows[a * rowValues + 2]! - rows[b * rowValues + 2]! || a - b;
  let values = new Float64Array(memory.buffer);
  let rawAt = 0;
  let rawStride = 0;

  /** The frame as the kernels want it: in place where it already is. */
  function takeRaw(pixels: number, stride: number): RawFrame {
    const fits = pixels + height * stride + 16 <= memory.buffer.byteLength;
    const inPlace = format === "uint16" && flip === 0 && fits && !crowdsCache(stride);
    rawAt = inPlace ? pixels : base + layout.raw;
    rawStride = inPlace ? stride : layout.rawStride;
    const copyRows = kernels[`copyRows_${suffix[format]}`];
    const extremes = inPlace
      ? kernels.extremes_u16(rawAt, rawStride, width, height)
      : copyRows(rawAt, rawStride, pixels, stride, width, height, flip);
    return { at: rawAt, stride: rawStride, ...unpackExtremes(extremes, format) };
  }

  /** Peaks of the scaled image, refined, without those too close to a heavier one. Returns how many are kept. */
  function findFeatures({ lit, isCollected }: FilteredFrame): number {
    const { imageStride, blockStride } = layout;
    const [blocks, peaks, features] = [base + layout.blocks, base + layout.peaks, base + layout.features];
    // biome-ignore format: one line for each group of arguments
    const above = kernels.percentileOfNonZero_u16(
      image, imageStride, width, height, lit, params.percentile,
      base + layout.ranks, base + layout.list, layout.listBytes, isCollected ? 1 : 0, layout.sampleEvery,
    );
    // biome-ignore format: one line for each group of arguments
    const count = kernels.findPeaks_u16(
      peaks, layout.candidateCapacity, image, imageStride, width, height, blocks, blockStride, base + layout.survivors,
      base + layout.maxima, above, reach.y.before, reach.y.after, reach.x.before, reach.x.after, margin.y, margin.x,
    );
    if (count > layout.candidateCapacity) {
      throw failure(
        "locate",
        `${count} peaks in one frame of ${width} x ${height}, room for ${layout.candidateCapacity}`,
        "The frame is flat where it should have peaks, as when saturated: expose less, or raise --percentile.",
      );
    }
    // biome-ignore format: one line for each group of arguments
    kernels.refine_u16(
      features, peaks, count, image, imageStride, width, height, disc.radius.y, disc.radius.x,
      layout.chunks, base + layout.ones, base + layout.xs, base + layout.sums, params.maxIterations, isWide,
    );
    // biome-ignore format: one line for each group of arguments
    return kernels.dropClose(
      base + layout.kept, features, count, params.separation.y, params.separation.x,
      base + layout.dropped, base + layout.heads, base + layout.next, layout.cells.down, layout.cells.across,
    );
  }

  function characterize(kept: number, scale: number): number {
    if (kept > layout.rowCapacity) throw failure("locate", `${kept} features, room for ${layout.rowCapacity}`);
    const features = base + layout.features;
    // biome-ignore format: one line for each group of arguments
    const count = kernels.characterize_u16(
      base + layout.rows, features, base + layout.kept, kept, image, layout.imageStride,
      isFloat ? image : rawAt, isFloat ? layout.imageStride : rawStride, disc.radius.y, disc.radius.x,
      layout.chunks, base + layout.ones, base + layout.squares, base + layout.cosines, base + layout.sines,
      base + layout.sums, scale, base + layout.limits,
    );
    if (isFloat) {
      // biome-ignore format: one line for each group of arguments
      kernels.rawMass_f32(
        base + layout.rows, features, count, rawAt, rawStride, disc.radius.x,
        base + layout.halfWidths, disc.halfWidths.length,
      );
    }
    return count;
  }

  function measureBackground(): void {
    const measure = isFloat ? kernels.measureBackground_f32 : kernels.measureBackground_u16;
    // biome-ignore format: one line for each group of arguments
    measure(
      base + layout.noise, base + layout.zeroBits, layout.bitStride, rawAt, rawStride, width, height,
      disc.radius.y, base + layout.widths, layout.levels.length, base + layout.levelOfRow,
      base + layout.runs, base + layout.addresses, base + layout.backgroundBits,
    );
  }

  /** Puts the topn heaviest first in `order`, by rising mass; returns how many rows there then are. */
  function keepHeaviest(count: number): number {
    const { topn } = params;
    if (topn === undefined || count <= topn) return count;
    const indices = order.subarray(0, count);
    for (let index = 0; index < count; index++) indices[index] = index;
    indices.sort(byMass);
    if (topn === 1) {
      const heaviest = rows[indices[count - 1]! * rowValues + 2]!;
      indices[0] = indices.find((index) => rows[index * rowValues + 2] === heaviest)!;
    } else indices.copyWithin(0, count - topn, count);
    return topn;
  }

  function writeTable(found: number, count: number, outOffset: number): void {
    if (values.buffer.byteLength < outOffset + count * detectionColumns.length * 8) {
      values = new Float64Array(memory.buffer);
    }
    const isOrdered = count === found;
    const out = outOffset / 8;
    for (let position = 0; position < count; position++) {
      const row = (isOrdered ? position : order[position]!) * rowValues;
      const rawMass = rows[row + 6]!;
      const at = out + position;
      values[at + column.x * count] = rows[row]!;
      values[at + column.y * count] = rows[row + 1]!;
      values[at + column.mass * count] = rows[row + 2]!;
      values[at + column.ecc * count] = rows[row + 3]!;
      values[at + column.size * count] = rows[row + 4]!;
      values[at + column.signal * count] = rows[row + 5]!;
      values[at + column.raw_mass * count] = rawMass;
      values[at + column.ep * count] =
        (noise[1]! / (rawMass - disc.pixelCount * noise[0]!)) * factor.first * factor.second;
      values[at + column.particle_id * count] = -1;
    }
  }

  return {
    locate(pixelsOffset, strideBytes, outOffset, capacity) {
      if (strideBytes < width * bytesPerPixel[format]) {
        throw failure("locate", `rows of ${strideBytes} bytes cannot hold ${width} ${format} pixels`);
      }
      const filtered = filter(takeRaw(pixelsOffset, strideBytes));
      const found = characterize(findFeatures(filtered), filtered.scale);
      const count = keepHeaviest(found);
      if (count > capacity) {
        throw failure(
          "locate",
          `${count} features in one frame, room for ${capacity}`,
          "Raise --minmass or --separation, or --topn to keep the heaviest.",
        );
      }
      if (count > 0) measureBackground();
      writeTable(found, count, outOffset);
      return count;
    },
  };
}

function prepareScratch(
  buffer: ArrayBufferLike,
  base: number,
  layout: LocatorLayout,
  disc: Disc,
  weights: LowPassWeights,
  params: LocateParameters,
): void {
  // What kernels read beyond a row's end must be zero or harmless: all of it starts as zero.
  new Uint8Array(buffer, base, layout.peaks).fill(0);
  new Float64Array(buffer, base + layout.weightsY, weights.y.length).set(weights.y);
  new Float64Array(buffer, base + layout.weightsX, weights.x.length).set(weights.x);
  const { minMass, maxMass = Infinity, maxSize = Infinity, minEcc = -Infinity, maxEcc = Infinity } = params;
  new Float64Array(buffer, base + layout.limits, 5).set([minMass, maxMass, maxSize, minEcc, maxEcc]);
  writeDiscTables(buffer, base, layout, disc);
}
