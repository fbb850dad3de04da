/** Peaks of the scaled image, each found by the worker on whose tile it lies, and refined; then those too close to a heavier one go. */

import { failure } from "../../errors.js";
import type { Disc } from "./disc.js";
import { record } from "./locator-layout.js";
import { edgeMargin, peakReach } from "./parameters.js";
import type { LocatorPlace } from "./raw-frame.js";

/** A row of refine_u16: y, x, mass, top, left. */
const featureValues = 5;

/** Leaves the features in raster order of their peaks, and the indices of those that stay; returns how many stay. */
export function createFeatureFinder(place: LocatorPlace, disc: Disc): (above: number) => number {
  const { kernels, memory, layout, own, shared, team, tiling, params } = place;
  const { height, width } = place.shape;
  const { runs } = tiling;
  const reach = { y: peakReach(params.separation.y), x: peakReach(params.separation.x) };
  const margin = edgeMargin(params);
  const isWide = disc.radius.y > 30 || disc.radius.x > 30 ? 1 : 0;
  const [image, features] = [shared + layout.image, shared + layout.features];
  const peaks = peaksOf(team.member);
  const found = layout.isShared ? tileFeaturesOf(team.member) : features;
  const words = new Int32Array(memory.buffer);
  const values = new Float64Array(memory.buffer);
  const records = values.subarray((shared + layout.records) / 8);
  const next = new Int32Array(tiling.across);
  let brighterThan = 0;
  let mine = 0;

  function peaksOf(member: number): number {
    return shared + layout.peaks + member * layout.peaksStride;
  }

  function tileFeaturesOf(member: number): number {
    return shared + layout.tileFeatures + member * layout.tileFeaturesStride;
  }

  function searchRun(index: number): void {
    const { left, right, top, bottom } = runs[index]!;
    const at = index * record.values;
    const room = layout.candidateCapacity - mine;
    // biome-ignore format: one line for each group of arguments
    const count = kernels.findPeaks_u16(
      peaks + mine * 8, room, image, layout.imageStride, width, height, left, right, top, bottom,
      shared + layout.blocks, layout.blockStride, own + layout.survivors, own + layout.maxima, brighterThan,
      reach.y.before, reach.y.after, reach.x.before, reach.x.after, margin.y, margin.x,
    );
    records[at + record.peaks] = count;
    records[at + record.finder] = team.member;
    records[at + record.firstPeak] = mine;
    if (count > room) return;
    // biome-ignore format: one line for each group of arguments
    kernels.refine_u16(
      found + mine * featureValues * 8, peaks + mine * 8, count, image, layout.imageStride, width, height,
      left, right, disc.radius.y, disc.radius.x, layout.chunks, own + layout.ones, own + layout.xs, own + layout.sums,
      params.maxIterations, isWide,
    );
    mine += count;
  }

  /** Puts the features of all runs into raster order of their peaks. */
  function merge(): void {
    let to = features / 8;
    for (let first = 0, end = 0; first < runs.length; first = end) {
      const { row, top, bottom } = runs[first]!;
      while (end < runs.length && runs[end]!.row === row) end++;
      if (end === first + 1) {
        to = takeRun(first, to);
        continue;
      }
      next.fill(0);
      for (let y = top; y < bottom; y++) for (let index = first; index < end; index++) to = takeRow(index, y, to);
    }
  }

  /** All features of a run that is alone in its row. */
  function takeRun(index: number, to: number): number {
    const at = index * record.values;
    const count = records[at + record.peaks]!;
    const finder = records[at + record.finder]!;
    const from = tileFeaturesOf(finder) / 8 + records[at + record.firstPeak]! * featureValues;
    values.copyWithin(to, from, from + count * featureValues);
    return to + count * featureValues;
  }

  /** The features of a run whose peaks lie in row y, which are its next; returns where those of the next run go. */
  function takeRow(index: number, y: number, to: number): number {
    const at = index * record.values;
    const count = records[at + record.peaks]!;
    const finder = records[at + record.finder]!;
    const firstPeak = records[at + record.firstPeak]!;
    const { column } = runs[index]!;
    let peak = next[column]!;
    while (peak < count && words[peaksOf(finder) / 4 + (firstPeak + peak) * 2] === y) {
      const from = tileFeaturesOf(finder) / 8 + (firstPeak + peak) * featureValues;
      for (let value = 0; value < featureValues; value++) values[to++] = values[from + value]!;
      peak++;
    }
    next[column] = peak;
    return to;
  }

  function finish(): number {
    let count = 0;
    for (let index = 0; index < runs.length; index++) count += records[index * record.values + record.peaks]!;
    if (count > layout.candidateCapacity) {
      throw failure(
        "too-many-features",
        "locate",
        `${count} peaks in one frame of ${width} x ${height}, room for ${layout.candidateCapacity}`,
        "The frame is flat where it should have peaks, as when saturated: expose less, or raise the percentile.",
      );
    }
    if (layout.isShared) merge();
    // biome-ignore format: one line for each group of arguments
    const kept = kernels.dropClose(
      shared + layout.kept, features, count, params.separation.y, params.separation.x,
      shared + layout.dropped, shared + layout.heads, shared + layout.next, layout.cells.down, layout.cells.across,
    );
    if (kept > layout.rowCapacity)
      throw failure("too-many-features", "locate", `${kept} features, room for ${layout.rowCapacity}`);
    return kept;
  }

  return (above) => {
    brighterThan = above;
    mine = 0;
    return team.share(runs.length, searchRun, finish, tiling.homes);
  };
}
