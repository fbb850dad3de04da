/**
 * Locates features with the WebAssembly kernels: the fast twin of `locate-reference.ts`, with the same answers. Frames
 * are read where they lie in the shared memory and never written; all scratch is reserved when the locator is made.
 */

import { failure } from "../../errors.js";
import type { Kernels } from "../../kernels/load-kernels.js";
import { soloTeam, type Team } from "../../memory/team.js";
import { bytesPerPixel, type PixelFormat } from "../../model/pixel-format.js";
import { createDisc, type Disc } from "./disc.js";
import { writeDiscTables } from "./disc-tables.js";
import { createFilter } from "./filter.js";
import { createFeatureFinder } from "./find-features.js";
import { gaussianKernel } from "./gaussian-kernel.js";
import { layOutLocator } from "./locator-layout.js";
import { createFeatureMeasurer } from "./measure-features.js";
import { discRadius, type FrameShape, type LocateParameters, lowPassReach } from "./parameters.js";
import { createRawReader, type LocatorPlace } from "./raw-frame.js";
import { planTiles, type TileSize } from "./tiling.js";

/** Several workers on every frame. */
export interface LocatorTeam {
  readonly team: Team;
  readonly tile: TileSize;
  /** Start of `scratchBytes(...).team` bytes that belong to all of the team's locators together; a multiple of 16. */
  readonly scratchOffset: number;
}

export interface LocatorSetup {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  /** Start of `scratchBytes(...).own` bytes that belong to this locator alone; a multiple of 16. */
  readonly scratchOffset: number;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: LocateParameters;
  /** null: this locator works on whole frames, alone. */
  readonly team?: LocatorTeam | null;
}

export interface Locator {
  /**
   * Locates the features of the frame at `pixelsOffset`, rows `strideBytes` apart, and writes a column of float64 for
   * each of `detectionColumns` at `outOffset` (a multiple of 8), one after the other without gaps: column c starts at
   * outOffset + c * rowCount * 8. particle_id is -1. Rows are in raster order of the peaks they grew from; with topn in
   * effect, by rising mass. Float pixels that are not finite count as black. Returns rowCount, which is 0 for a black
   * or constant frame. Fails where there are more than `capacity` rows, with nothing written.
   *
   * The locators of a team are all asked for the same frame and all return its rows; the table is the same to the bit.
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

function plan(
  shape: FrameShape,
  format: PixelFormat,
  params: LocateParameters,
  tile: TileSize | null,
  workers: number,
) {
  const disc = createDisc(discRadius(params));
  const tiling = planTiles(shape, tile, workers);
  return { disc, tiling, layout: layOutLocator(shape, format, params, disc, lowPassReach(params), tiling, workers) };
}

/** How much scratch each locator for such frames needs, and how much a team of them needs besides. */
export function locatorScratchBytes(
  shape: FrameShape,
  format: PixelFormat,
  params: LocateParameters,
  team: { readonly tile: TileSize; readonly workers: number } | null = null,
): { readonly own: number; readonly team: number } {
  const { layout } = plan(shape, format, params, team?.tile ?? null, team?.workers ?? 1);
  if (!team) return { own: layout.totalBytes, team: 0 };
  return { own: layout.sharedFrom, team: layout.totalBytes - layout.sharedFrom };
}

/** Parameters must have passed `checkLocateParameters`, and a team's tiles `checkTiles`. */
export function createLocator(setup: LocatorSetup): Locator {
  const { kernels, memory, scratchOffset: own, shape, format, params } = setup;
  const team = setup.team?.team ?? soloTeam;
  const { disc, tiling, layout } = plan(shape, format, params, setup.team?.tile ?? null, team.size);
  const shared = setup.team ? setup.team.scratchOffset - layout.sharedFrom : own;
  const place: LocatorPlace = { kernels, memory, layout, own, shared, team, tiling, shape, format, params };
  prepareScratch(place, disc);

  const takeRaw = createRawReader(place);
  const filter = createFilter(place);
  const findFeatures = createFeatureFinder(place, disc);
  const measure = createFeatureMeasurer(place, disc);

  return {
    locate(pixelsOffset, strideBytes, outOffset, capacity) {
      if (strideBytes < shape.width * bytesPerPixel[format]) {
        throw failure(
          "bad-option",
          "locate",
          `rows of ${strideBytes} bytes cannot hold ${shape.width} ${format} pixels`,
        );
      }
      const raw = takeRaw(pixelsOffset, strideBytes);
      const { scale, above } = filter(raw);
      return measure(raw, findFeatures(above), scale, outOffset, capacity);
    },
  };
}

function prepareScratch({ memory, layout, own, shared, team, params }: LocatorPlace, disc: Disc): void {
  const { buffer } = memory;
  // What kernels read beyond a row's end must be zero or harmless: all of it starts as zero.
  new Uint8Array(buffer, own, layout.sharedFrom).fill(0);
  if (team.member === 0) new Uint8Array(buffer, shared + layout.sharedFrom, layout.peaks - layout.sharedFrom).fill(0);
  const weights = lowPassWeights(params);
  new Float64Array(buffer, own + layout.weightsY, weights.y.length).set(weights.y);
  new Float64Array(buffer, own + layout.weightsX, weights.x.length).set(weights.x);
  const { minMass, maxMass = Infinity, maxSize = Infinity, minEcc = -Infinity, maxEcc = Infinity } = params;
  new Float64Array(buffer, own + layout.limits, 5).set([minMass, maxMass, maxSize, minEcc, maxEcc]);
  writeDiscTables(buffer, own, layout, disc);
}
