/** Which live tracks each feature of a frame could continue: the links within the search range, stored from both ends. */
import { growFloat64, growInt32 } from "./growing-array.js";
import { NearestTree } from "./nearest-tree.js";
import { bucketOfCell, NeighborGrid } from "./neighbor-grid.js";

/**
 * A candidate must be nearer than the search range plus this much, in scaled units: the slack that trackpy gives to its
 * k-d tree (HashKDTree.query), so that a step of exactly the search range is still a candidate.
 */
const rangeSlack = 1e-7;

/** Cells are a little wider than the reach, so that rounding in coordinate / cell never puts a neighbour two cells away. */
const cellSlack = 1e-6;

/** trackpy's Linker.MAX_NEIGHBORS: tracks considered for a feature. Kept for the adaptive search, whose steps depend on it. */
export const adaptiveMaxNeighbors = 10;

/** Tracks considered for a feature in a frame that is too crowded to hold every candidate. */
export const crowdedMaxNeighbors = 16;

/** Pairs of a track and a feature that a frame may measure, and hold, before it counts as crowded. */
const maxMeasuredPairs = 1 << 26;
const maxCandidates = 1 << 22;

/**
 * The candidates of one frame, reused from frame to frame. Links of feature f are entries featureStart[f] up to
 * featureStart[f + 1] of `trackOf` and `featureDistance`; links of track t likewise of `featureOf` and `trackDistance`.
 * Distances are Euclidean in scaled units.
 */
export class CandidateGraph {
  trackCount = 0;
  featureCount = 0;
  linkCount = 0;
  /** True when the frame had too many candidates and each feature kept only its `crowdedMaxNeighbors` nearest. */
  isCrowded = false;
  featureStart = new Int32Array(1);
  trackOf = new Int32Array(0);
  featureDistance = new Float64Array(0);
  trackStart = new Int32Array(1);
  featureOf = new Int32Array(0);
  trackDistance = new Float64Array(0);
  readonly #grid = new NeighborGrid();
  readonly #tree = new NearestTree();

  /**
   * Finds all pairs of the `trackCount` finite points (trackY, trackX) and the `featureCount` points (featureY,
   * featureX) nearer than `range` (and its slack). A feature that is not finite has no candidates. With `isAdaptive`
   * a feature keeps its ten nearest tracks, as in trackpy. O(points + pairs) time and memory, the pairs bounded.
   */
  build(
    trackCount: number,
    trackY: Float64Array,
    trackX: Float64Array,
    featureCount: number,
    featureY: Float64Array,
    featureX: Float64Array,
    range: number,
    isAdaptive: boolean,
  ): void {
    this.trackCount = trackCount;
    this.featureCount = featureCount;
    this.featureStart = growInt32(this.featureStart, featureCount + 1);
    this.trackStart = growInt32(this.trackStart, trackCount + 1);
    const reach = range + rangeSlack;
    this.#grid.fill(trackCount, trackY, trackX, reach * (1 + cellSlack));
    this.isCrowded = !this.#measure(featureY, featureX, reach * reach);
    if (this.isCrowded || isAdaptive) {
      this.#tree.fill(trackCount, trackY, trackX);
      this.#measureNearest(featureY, featureX, reach * reach, isAdaptive ? adaptiveMaxNeighbors : crowdedMaxNeighbors);
      if (isAdaptive) this.isCrowded = false;
    }
    this.#transpose();
  }

  /** Measures every pair in neighbouring cells; false when there are too many of them. */
  #measure(featureY: Float64Array, featureX: Float64Array, reachSquare: number): boolean {
    const grid = this.#grid;
    const { cell, mask, bucketStart } = grid;
    const { featureStart, featureCount } = this;
    let links = 0;
    let measured = 0;
    for (let feature = 0; feature < featureCount; feature++) {
      featureStart[feature] = links;
      const y = featureY[feature]!;
      const x = featureX[feature]!;
      const homeY = Math.floor(y / cell);
      const homeX = Math.floor(x / cell);
      // NaN and the infinities fail this: they have no cell.
      if (!(homeY - homeY === 0 && homeX - homeX === 0)) continue;
      for (let stepY = -1; stepY <= 1; stepY++) {
        const cellY = homeY + stepY;
        // Beyond 2^53 cells the next cell has the same number: it must not be searched twice.
        if (stepY !== 0 && cellY === homeY) continue;
        for (let stepX = -1; stepX <= 1; stepX++) {
          const cellX = homeX + stepX;
          if (stepX !== 0 && cellX === homeX) continue;
          const bucket = bucketOfCell(cellY, cellX, mask);
          const end = bucketStart[bucket + 1]!;
          let entry = bucketStart[bucket]!;
          if (entry === end) continue;
          measured += end - entry;
          this.#reserve(links + end - entry);
          const { y: gridY, x: gridX, point } = grid;
          const { trackOf, featureDistance } = this;
          for (; entry < end; entry++) {
            const dy = gridY[entry]! - y;
            const dx = gridX[entry]! - x;
            const square = dy * dy + dx * dx;
            if (square < reachSquare) {
              trackOf[links] = point[entry]!;
              featureDistance[links++] = Math.sqrt(square);
            }
          }
        }
      }
      if (measured > maxMeasuredPairs || links > maxCandidates) return false;
    }
    featureStart[featureCount] = links;
    this.linkCount = links;
    return true;
  }

  /** Keeps for every feature the `wanted` nearest tracks within reach. */
  #measureNearest(featureY: Float64Array, featureX: Float64Array, reachSquare: number, wanted: number): void {
    const tree = this.#tree;
    let links = 0;
    for (let feature = 0; feature < this.featureCount; feature++) {
      this.featureStart[feature] = links;
      const y = featureY[feature]!;
      const x = featureX[feature]!;
      if (!(Number.isFinite(y) && Number.isFinite(x))) continue;
      const found = tree.query(y, x, wanted, reachSquare);
      this.#reserve(links + found);
      for (let i = 0; i < found; i++) {
        this.trackOf[links] = tree.foundPoint[i]!;
        this.featureDistance[links++] = Math.sqrt(tree.foundSquare[i]!);
      }
    }
    this.featureStart[this.featureCount] = links;
    this.linkCount = links;
  }

  #reserve(links: number): void {
    if (links <= this.trackOf.length) return;
    this.trackOf = growInt32(this.trackOf, links);
    this.featureDistance = growFloat64(this.featureDistance, links);
  }

  /** Sorts the links by track; those of one track stay in the order of the features. */
  #transpose(): void {
    const { trackCount, featureCount, featureStart, trackStart, trackOf, featureDistance, linkCount } = this;
    this.featureOf = growInt32(this.featureOf, linkCount);
    this.trackDistance = growFloat64(this.trackDistance, linkCount);
    const { featureOf, trackDistance } = this;
    trackStart.fill(0, 0, trackCount + 1);
    for (let link = 0; link < linkCount; link++) trackStart[trackOf[link]! + 1]!++;
    for (let track = 0; track < trackCount; track++) trackStart[track + 1]! += trackStart[track]!;
    for (let feature = featureCount - 1; feature >= 0; feature--) {
      for (let link = featureStart[feature + 1]! - 1; link >= featureStart[feature]!; link--) {
        const at = --trackStart[trackOf[link]! + 1]!;
        featureOf[at] = feature;
        trackDistance[at] = featureDistance[link]!;
      }
    }
    trackStart.copyWithin(0, 1, trackCount + 1);
    trackStart[trackCount] = linkCount;
  }
}
