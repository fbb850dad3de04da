/** Divides a frame's candidates into groups that do not touch (subnets) and has each assigned, within its limits. */
import { Assignment } from "./assignment.js";
import type { CandidateGraph } from "./candidate-graph.js";
import { growFloat64, growInt32 } from "./growing-array.js";
import type { LinkSettings } from "./parameters.js";

/**
 * What trackpy's compiled solver can hold: 8 candidates a track, beyond which its adaptive search shrinks the range as for
 * a subnet that is too large (subnetlinker.numba_link); and the subnets that do not go through that solver.
 */
const adaptiveMaxCandidates = 8;
const smallSubnet = 3;

/** A frame's subnets and what became of them; reused from frame to frame. */
export class Subnets {
  readonly assignment = new Assignment();
  /** Subnets of the last frame that were linked greedily, and the most tracks in one subnet. */
  degradedCount = 0;
  largest = 0;
  /** Per feature: 1 when its subnet was linked greedily, or candidates were left out. */
  isDegraded = new Uint8Array(0);
  /** Members of one subnet, later of its parts: a stack of stretches. */
  #features = new Int32Array(64);
  #tracks = new Int32Array(64);
  #featureTop = 0;
  #trackTop = 0;
  /** Per feature and track: number of the last division that visited it. */
  #featureVisit = new Int32Array(0);
  #trackVisit = new Int32Array(0);
  #visit = 0;
  /** Parts still to be assigned: where their stretches start, and the range they were found with. */
  #partFeature = new Int32Array(0);
  #partTrack = new Int32Array(0);
  #partRange = new Float64Array(0);
  #partCount = 0;
  #graph: CandidateGraph | null = null;
  #settings: LinkSettings;
  #isOverBudget: () => boolean = () => false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  /** Assigns every subnet of `graph`; `isOverBudget` is asked before every one that needs a search, and inside. */
  solve(graph: CandidateGraph, isOverBudget: () => boolean): void {
    const { trackCount, featureCount } = graph;
    this.#graph = graph;
    this.#isOverBudget = isOverBudget;
    this.assignment.reset(trackCount, featureCount);
    this.#featureVisit = growInt32(this.#featureVisit, featureCount);
    this.#trackVisit = growInt32(this.#trackVisit, trackCount);
    if (this.isDegraded.length < featureCount) this.isDegraded = new Uint8Array(this.#featureVisit.length);
    this.isDegraded.fill(graph.isCrowded ? 1 : 0, 0, featureCount);
    this.degradedCount = 0;
    this.largest = 0;
    this.#featureTop = 0;
    this.#trackTop = 0;
    // Division numbers restart with every frame, so that they never run out.
    this.#featureVisit.fill(0, 0, featureCount);
    this.#trackVisit.fill(0, 0, trackCount);
    this.#visit = 1;
    const { featureStart, trackOf, trackStart } = graph;
    for (let feature = 0; feature < featureCount; feature++) {
      const links = featureStart[feature + 1]! - featureStart[feature]!;
      if (links === 0 || this.#featureVisit[feature]! >= 1) continue;
      if (links === 1) {
        const track = trackOf[featureStart[feature]!]!;
        if (trackStart[track + 1]! - trackStart[track]! === 1) {
          this.assignment.link(track, feature, 0);
          if (this.largest === 0) this.largest = 1;
          continue;
        }
      }
      this.#gather(feature, 1, Number.POSITIVE_INFINITY);
      this.largest = Math.max(this.largest, this.#trackTop);
      this.#solveStack();
    }
    if (graph.isCrowded) this.degradedCount = Math.max(1, this.degradedCount);
  }

  /** Pushes the subnet of `seed` onto the stack, following links of at most `limit`; breadth first. */
  #gather(seed: number, visit: number, limit: number): void {
    const { featureStart, trackOf, featureDistance, trackStart, featureOf, trackDistance } = this.#graph!;
    const featureVisit = this.#featureVisit;
    const trackVisit = this.#trackVisit;
    let nextFeature = this.#featureTop;
    let nextTrack = this.#trackTop;
    this.#pushFeature(seed);
    featureVisit[seed] = visit;
    while (nextFeature < this.#featureTop) {
      while (nextFeature < this.#featureTop) {
        const feature = this.#features[nextFeature++]!;
        for (let link = featureStart[feature]!; link < featureStart[feature + 1]!; link++) {
          const track = trackOf[link]!;
          if (featureDistance[link]! > limit || trackVisit[track]! >= visit) continue;
          trackVisit[track] = visit;
          this.#pushTrack(track);
        }
      }
      while (nextTrack < this.#trackTop) {
        const track = this.#tracks[nextTrack++]!;
        for (let link = trackStart[track]!; link < trackStart[track + 1]!; link++) {
          const feature = featureOf[link]!;
          if (trackDistance[link]! > limit || featureVisit[feature]! >= visit) continue;
          featureVisit[feature] = visit;
          this.#pushFeature(feature);
        }
      }
    }
  }

  #pushFeature(feature: number): void {
    this.#features = growInt32(this.#features, this.#featureTop + 1);
    this.#features[this.#featureTop++] = feature;
  }

  #pushTrack(track: number): void {
    this.#tracks = growInt32(this.#tracks, this.#trackTop + 1);
    this.#tracks[this.#trackTop++] = track;
  }

  /** Assigns the subnet on the stack, and its parts if it has to be divided; leaves the stack empty. */
  #solveStack(): void {
    const { isAdaptive, adaptiveStop, adaptiveStep } = this.#settings;
    this.#partCount = 0;
    this.#pushPart(0, 0, this.#settings.range);
    // A stack of parts instead of recursion: a step close to 1 takes more divisions than there are call frames.
    while (this.#partCount > 0) {
      const part = --this.#partCount;
      const firstFeature = this.#partFeature[part]!;
      const firstTrack = this.#partTrack[part]!;
      const range = this.#partRange[part]!;
      const features = this.#featureTop - firstFeature;
      const tracks = this.#trackTop - firstTrack;
      const isTooLarge = this.#isTooLarge(firstTrack, features, tracks, range);
      if (isTooLarge && isAdaptive && range > adaptiveStop && !this.#isOverBudget()) {
        this.#divide(firstFeature, firstTrack, range * adaptiveStep);
        continue;
      }
      this.#solvePart(firstFeature, firstTrack, range, isTooLarge);
      this.#featureTop = firstFeature;
      this.#trackTop = firstTrack;
    }
  }

  /**
   * Assigns the features and tracks from `firstFeature` and `firstTrack` up to the top of the stack. Once the range has
   * shrunk links longer than it do not count; a lost track costs `range` squared.
   */
  #solvePart(firstFeature: number, firstTrack: number, range: number, isTooLarge: boolean): void {
    const features = this.#featureTop - firstFeature;
    const tracks = this.#trackTop - firstTrack;
    if (features === 1 || tracks === 1) {
      // A pair with no rival is linked even in the slack beyond the range, as in trackpy; else losing it is cheaper.
      this.#linkNearest(firstTrack, this.#limitOf(range), features === tracks ? Number.POSITIVE_INFINITY : range);
      return;
    }
    if (!isTooLarge && !this.#isOverBudget() && this.#linkOptimally(firstTrack, range)) return;
    this.degradedCount++;
    for (let i = firstFeature; i < this.#featureTop; i++) this.isDegraded[this.#features[i]!] = 1;
    const limit = this.#limitOf(range);
    this.assignment.linkGreedily(this.#graph!, this.#tracks, firstTrack, this.#trackTop, limit, range * range);
  }

  #linkOptimally(firstTrack: number, range: number): boolean {
    const limit = this.#limitOf(range);
    const tracks = this.#tracks;
    const lostCost = range * range;
    return this.assignment.solve(this.#graph!, tracks, firstTrack, this.#trackTop, limit, lostCost, this.#isOverBudget);
  }

  /** The longest link that counts: the candidates' own slack decides on the first range, later ranges are exact. */
  #limitOf(range: number): number {
    return range < this.#settings.range ? range : Number.POSITIVE_INFINITY;
  }

  #isTooLarge(firstTrack: number, features: number, tracks: number, range: number): boolean {
    if (features === 1 || tracks === 1) return false;
    const { maxSubnet, isAdaptive } = this.#settings;
    if (tracks > maxSubnet) return true;
    if (!isAdaptive || (features <= smallSubnet && tracks <= smallSubnet)) return false;
    const { trackStart, trackDistance } = this.#graph!;
    const limit = this.#limitOf(range);
    for (let i = firstTrack; i < this.#trackTop; i++) {
      const track = this.#tracks[i]!;
      let candidates = 0;
      for (let link = trackStart[track]!; link < trackStart[track + 1]!; link++) {
        if (trackDistance[link]! <= limit) candidates++;
      }
      if (candidates > adaptiveMaxCandidates) return true;
    }
    return false;
  }

  /**
   * Replaces the part at the top of the stack by the parts it falls into with a smaller search range (trackpy:
   * split_subnet). Tracks without a candidate left are lost; features without one are left to start a track.
   */
  #divide(firstFeature: number, firstTrack: number, range: number): void {
    const featureTop = this.#featureTop;
    const trackTop = this.#trackTop;
    const visit = ++this.#visit;
    for (let i = firstFeature; i < featureTop; i++) {
      const feature = this.#features[i]!;
      if (this.#featureVisit[feature] === visit) continue;
      const partFeature = this.#featureTop;
      const partTrack = this.#trackTop;
      this.#gather(feature, visit, range);
      if (this.#trackTop === partTrack) this.#featureTop = partFeature;
      else this.#pushPart(partFeature - featureTop + firstFeature, partTrack - trackTop + firstTrack, range);
    }
    this.#features.copyWithin(firstFeature, featureTop, this.#featureTop);
    this.#tracks.copyWithin(firstTrack, trackTop, this.#trackTop);
    this.#featureTop -= featureTop - firstFeature;
    this.#trackTop -= trackTop - firstTrack;
  }

  #pushPart(firstFeature: number, firstTrack: number, range: number): void {
    const part = this.#partCount++;
    this.#partFeature = growInt32(this.#partFeature, this.#partCount);
    this.#partTrack = growInt32(this.#partTrack, this.#partCount);
    this.#partRange = growFloat64(this.#partRange, this.#partCount);
    this.#partFeature[part] = firstFeature;
    this.#partTrack[part] = firstTrack;
    this.#partRange[part] = range;
  }

  /** One track or one feature: the nearest of the others is the answer, if it is not beyond `farthest`. */
  #linkNearest(firstTrack: number, limit: number, farthest: number): void {
    const { trackStart, featureOf, trackDistance } = this.#graph!;
    let nearest = Number.POSITIVE_INFINITY;
    let track = -1;
    let feature = -1;
    for (let i = firstTrack; i < this.#trackTop; i++) {
      const candidate = this.#tracks[i]!;
      for (let link = trackStart[candidate]!; link < trackStart[candidate + 1]!; link++) {
        const distance = trackDistance[link]!;
        if (distance > limit || distance >= nearest) continue;
        nearest = distance;
        track = candidate;
        feature = featureOf[link]!;
      }
    }
    if (track >= 0 && nearest <= farthest) this.assignment.link(track, feature, 0);
  }
}
