/** What a feature is: mass, size, eccentricity, brightness over its disc, and the noise of the background; as a table. */

import { failure } from "../../errors.js";
import { column, detectionColumns } from "../../model/detection.js";
import { type Disc, staticErrorFactor } from "./disc.js";
import { chunksPerWorker } from "./locator-layout.js";
import type { LocatorPlace, RawFrame } from "./raw-frame.js";

/** A row of characterize_u16: x, y, mass, ecc, size, signal, raw mass, index. */
const rowValues = 8;

/**
 * Measures `kept` features and writes those within the limits as a table at `outOffset`; returns its rows. See
 * `Locator.locate`.
 */
export type FeatureMeasurer = (
  raw: RawFrame,
  kept: number,
  scale: number,
  outOffset: number,
  capacity: number,
) => number;

export function createFeatureMeasurer(place: LocatorPlace, disc: Disc): FeatureMeasurer {
  const { kernels, memory, layout, own, shared, team, format, params } = place;
  const { height, width } = place.shape;
  const isFloat = format === "float32";
  const isAlone = team.size === 1;
  const factor = staticErrorFactor(disc, params.noiseSize);
  const [image, features] = [shared + layout.image, shared + layout.features];
  const noise = new Float64Array(memory.buffer, shared + layout.noise, 2);
  const rows = new Float64Array(memory.buffer, shared + layout.rows, layout.rowCapacity * rowValues);
  const chunkCounts = new Float64Array(memory.buffer, shared + layout.chunkCounts, team.size * chunksPerWorker);
  const order = Int32Array.from({ length: params.topn === undefined ? 0 : layout.rowCapacity }, (_, index) => index);
  const byMass = (a: number, b: number) => rows[a * rowValues + 2]! - rows[b * rowValues + 2]! || a - b;
  // Sums of integers may be taken in parts; those of float pixels have one order, and one worker.
  const chunks = team.size * chunksPerWorker;
  const bands = isFloat || isAlone ? 1 : chunks;
  let values = new Float64Array(memory.buffer);
  let raw: RawFrame;
  let kept = 0;
  let scale = 0;
  let outOffset = 0;
  let capacity = 0;
  let chunk = 0;

  function characterizeChunk(index: number): void {
    const from = index * chunk;
    const out = shared + layout.rows + from * rowValues * 8;
    // biome-ignore format: one line for each group of arguments
    const count = kernels.characterize_u16(
      out, features, shared + layout.kept + from * 4, Math.min(chunk, kept - from), image, layout.imageStride,
      isFloat ? image : raw.at, isFloat ? layout.imageStride : raw.stride, disc.radius.y, disc.radius.x,
      layout.chunks, own + layout.ones, own + layout.squares, own + layout.cosines, own + layout.sines,
      own + layout.sums, scale, own + layout.limits,
    );
    if (isFloat) {
      // biome-ignore format: one line for each group of arguments
      kernels.rawMass_f32(
        out, features, count, raw.at, raw.stride, disc.radius.x, own + layout.halfWidths, disc.halfWidths.length,
      );
    }
    chunkCounts[index] = count;
  }

  function measureBand(band: number): void {
    if (isFloat) {
      // biome-ignore format: one line for each group of arguments
      kernels.measureBackground_f32(
        shared + layout.noise, shared + layout.zeroBits, layout.bitStride, raw.at, raw.stride, width, height,
        disc.radius.y, own + layout.widths, layout.levels.length, own + layout.levelOfRow,
        own + layout.runs, own + layout.addresses, own + layout.backgroundBits,
      );
      return;
    }
    const top = Math.floor((height * band) / bands);
    const bottom = Math.floor((height * (band + 1)) / bands);
    // biome-ignore format: one line for each group of arguments
    kernels.sumBackground_u16(
      shared + layout.backgroundSums + band * 24, top, bottom, shared + layout.zeroBits, layout.bitStride,
      raw.at, raw.stride, width, height,
      disc.radius.y, own + layout.widths, layout.levels.length, own + layout.levelOfRow,
      own + layout.runs, own + layout.addresses, own + layout.backgroundBits,
    );
  }

  /** Every worker's share is so many bands of the background, of float frames all by the first, and so many chunks. */
  function measurePiece(piece: number): void {
    const share = Math.floor(piece / (2 * chunksPerWorker)) * chunksPerWorker;
    const inShare = piece % (2 * chunksPerWorker);
    const index = share + (inShare % chunksPerWorker);
    if (inShare < chunksPerWorker) {
      if (index < bands) measureBand(index);
    } else if (index * chunk < kept) characterizeChunk(index);
  }

  /** Closes the gaps between the chunks' rows; returns how many there are. */
  function joinChunks(): number {
    let found = 0;
    for (let index = 0; index * chunk < kept; index++) {
      const count = chunkCounts[index]!;
      const from = index * chunk;
      if (from !== found) rows.copyWithin(found * rowValues, from * rowValues, (from + count) * rowValues);
      found += count;
    }
    return found;
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

  function writeTable(found: number, count: number): void {
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

  function finish(): number {
    const found = joinChunks();
    const count = keepHeaviest(found);
    if (count > capacity) {
      throw failure(
        "too-many-features",
        "locate",
        `${count} features in one frame, room for ${capacity}`,
        "Raise minmass or the separation, or keep the heaviest with topn.",
      );
    }
    if (count === 0) return 0;
    // Alone there is no time to be won by measuring what may not be asked for.
    if (isAlone) measureBand(0);
    if (!isFloat) kernels.finishBackground_u16(shared + layout.noise, shared + layout.backgroundSums, bands);
    writeTable(found, count);
    return count;
  }

  return (frame, features, scaleOfFrame, out, room) => {
    if (features === 0) return 0;
    raw = frame;
    kept = features;
    scale = scaleOfFrame;
    outOffset = out;
    capacity = room;
    if (isAlone) {
      chunk = kept;
      return team.share(1, characterizeChunk, finish);
    }
    chunk = Math.ceil(kept / chunks);
    return team.share(2 * chunks, measurePiece, finish);
  };
}
