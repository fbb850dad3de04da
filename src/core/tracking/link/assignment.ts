/** The cheapest set of links within a group of tracks and features: exactly (augmenting paths) or greedily. */
import type { CandidateGraph } from "./candidate-graph.js";
import { DistanceHeap } from "./distance-heap.js";
import { growFloat64, growInt32 } from "./growing-array.js";

/** Tracks assigned between two looks at the clock: a look costs about as much as assigning one. */
const tracksPerLook = 16;

/**
 * Links that the searches of one frame may look at, about five seconds of work, so that no scene can hang a run that set
 * no budget. A count and not a time: the answer stays the same from run to run. 2,000 tracks all in range of 2,000
 * features look at half of it; 100,000 tracks with 13 candidates each, all in one subnet, at a hundredth.
 */
const maxLinkVisits = 2 ** 29;

/**
 * The links chosen in one frame. All arrays are indexed by the frame's own track and feature numbers, so that subnets
 * need no renumbering: each touches only its own entries.
 */
export class Assignment {
  /** Per track: its feature, or -1. */
  featureOf = new Int32Array(0);
  /** Per feature: its track, or -1. */
  trackOf = new Int32Array(0);
  /** Per feature, the dual variable v of the assignment problem: zero or less, zero while unclaimed. */
  #price = new Float64Array(0);
  /** Per feature: cost of the link that claims it. */
  #linkCost = new Float64Array(0);
  /** Per feature reached in the current search: length of the shortest path, its last track and that link's cost. */
  #path = new Float64Array(0);
  #via = new Int32Array(0);
  #viaCost = new Float64Array(0);
  /** Features reached in the current search, and those of them whose shortest path is final. */
  #reached = new Int32Array(0);
  #settled = new Int32Array(0);
  #isSettled = new Uint8Array(0);
  readonly #heap = new DistanceHeap();
  /** Links looked at in this frame. */
  linkVisits = 0;

  /** Forgets all links, for a frame of so many tracks and features. */
  reset(trackCount: number, featureCount: number): void {
    this.featureOf = growInt32(this.featureOf, trackCount);
    this.trackOf = growInt32(this.trackOf, featureCount);
    this.#price = growFloat64(this.#price, featureCount);
    this.#linkCost = growFloat64(this.#linkCost, featureCount);
    if (this.#path.length < featureCount) {
      this.#path = growFloat64(this.#path, featureCount).fill(Number.POSITIVE_INFINITY);
      this.#isSettled = new Uint8Array(this.#path.length);
    }
    this.#via = growInt32(this.#via, featureCount);
    this.#viaCost = growFloat64(this.#viaCost, featureCount);
    this.#reached = growInt32(this.#reached, featureCount);
    this.#settled = growInt32(this.#settled, featureCount);
    this.featureOf.fill(-1, 0, trackCount);
    this.trackOf.fill(-1, 0, featureCount);
    this.#price.fill(0, 0, featureCount);
    this.linkVisits = 0;
  }

  /**
   * Links `tracks[from]` to `tracks[to - 1]`, all the tracks of one subnet, to features at most `range` away so that the
   * sum of squared distances is smallest, a track without a feature costing `lostCost`. Equal sums go to more links and
   * then by the order of the tracks. O(tracks x links x log features) at the worst. Returns false, with some tracks
   * linked and others not, when `isOverBudget` said so or the frame took too much work.
   *
   * Successive shortest augmenting paths with dual prices (Jonker & Volgenant 1987, Computing 38:325, their augmentation
   * phase), on the sparse graph with a heap; the private "lost" column of every track is never stored: its price stays
   * zero, for no other track can reach it.
   */
  solve(
    graph: CandidateGraph,
    tracks: Int32Array,
    from: number,
    to: number,
    range: number,
    lostCost: number,
    isOverBudget: () => boolean,
  ): boolean {
    for (let i = from; i < to; i++) {
      if ((i - from) % tracksPerLook === tracksPerLook - 1 && isOverBudget()) return false;
      this.#augment(graph, tracks[i]!, range, lostCost);
      if (this.linkVisits > maxLinkVisits) return false;
    }
    return true;
  }

  #augment(graph: CandidateGraph, start: number, range: number, lostCost: number): void {
    const { trackStart, featureOf: targets, trackDistance } = graph;
    const { trackOf } = this;
    const price = this.#price;
    const path = this.#path;
    const isSettled = this.#isSettled;
    const heap = this.#heap;
    heap.clear();
    let reachedCount = 0;
    let settledCount = 0;
    let track = start;
    /** What reduces the costs of the track being scanned: its dual u, less the path length up to it. */
    let offset = 0;
    let lostPath = Number.POSITIVE_INFINITY;
    let lostTrack = start;
    let end = -1;

    for (;;) {
      if (lostCost - offset < lostPath) {
        lostPath = lostCost - offset;
        lostTrack = track;
      }
      this.linkVisits += trackStart[track + 1]! - trackStart[track]!;
      for (let link = trackStart[track]!; link < trackStart[track + 1]!; link++) {
        const distance = trackDistance[link]!;
        const feature = targets[link]!;
        if (distance > range || isSettled[feature] === 1) continue;
        const cost = distance * distance;
        const length = cost - price[feature]! - offset;
        if (length > lostPath || length >= path[feature]!) continue;
        if (path[feature] === Number.POSITIVE_INFINITY) this.#reached[reachedCount++] = feature;
        path[feature] = length;
        this.#via[feature] = track;
        this.#viaCost[feature] = cost;
        heap.push(length, feature);
      }
      let nearest = -1;
      while (heap.size > 0 && nearest < 0) {
        const length = heap.topDistance;
        const feature = heap.pop();
        if (isSettled[feature] === 0 && length === path[feature]) nearest = feature;
      }
      if (nearest < 0 || path[nearest]! > lostPath) break;
      if (trackOf[nearest]! < 0) {
        end = nearest;
        break;
      }
      isSettled[nearest] = 1;
      this.#settled[settledCount++] = nearest;
      track = trackOf[nearest]!;
      offset = this.#linkCost[nearest]! - price[nearest]! - path[nearest]!;
    }

    const shortest = end >= 0 ? path[end]! : lostPath;
    for (let i = 0; i < settledCount; i++) {
      const feature = this.#settled[i]!;
      price[feature]! += path[feature]! - shortest;
      isSettled[feature] = 0;
    }
    this.#flip(start, end, lostTrack);
    for (let i = 0; i < reachedCount; i++) path[this.#reached[i]!] = Number.POSITIVE_INFINITY;
  }

  /** Exchanges linked and unlinked along the path from `start` to the feature `end`, or to `lostTrack` losing its own. */
  #flip(start: number, end: number, lostTrack: number): void {
    let feature = end;
    if (end < 0) {
      feature = this.featureOf[lostTrack]!;
      this.featureOf[lostTrack] = -1;
      if (lostTrack === start) return;
    }
    for (;;) {
      const track = this.#via[feature]!;
      const given = this.featureOf[track]!;
      this.link(track, feature, this.#viaCost[feature]!);
      if (track === start) return;
      feature = given;
    }
  }

  /** Links one track to one feature, whatever else there is. */
  link(track: number, feature: number, cost: number): void {
    this.featureOf[track] = feature;
    this.trackOf[feature] = track;
    this.#linkCost[feature] = cost;
  }

  /**
   * Links the closest pair of the subnet first, then the closest of what is left, up to `range` and a cost of
   * `lostCost`; earlier links of these tracks are undone. Equal distances go by the order of track and feature.
   * O(links x log links).
   */
  linkGreedily(
    graph: CandidateGraph,
    tracks: Int32Array,
    from: number,
    to: number,
    range: number,
    lostCost: number,
  ): void {
    const { trackStart, featureOf: targets, trackDistance } = graph;
    const heap = this.#heap;
    heap.clear();
    for (let i = from; i < to; i++) {
      const track = tracks[i]!;
      const former = this.featureOf[track]!;
      if (former >= 0) this.trackOf[former] = -1;
      this.featureOf[track] = -1;
    }
    for (let i = from; i < to; i++) {
      const track = tracks[i]!;
      for (let link = trackStart[track]!; link < trackStart[track + 1]!; link++) {
        const distance = trackDistance[link]!;
        if (distance <= range && distance * distance <= lostCost) heap.push(distance, link);
      }
    }
    while (heap.size > 0) {
      const cost = heap.topDistance ** 2;
      const link = heap.pop();
      const feature = targets[link]!;
      if (this.trackOf[feature]! >= 0) continue;
      const track = trackOfLink(graph, link);
      if (this.featureOf[track]! < 0) this.link(track, feature, cost);
    }
  }
}

/** The track a link belongs to: the last whose links start at or before it. */
function trackOfLink(graph: CandidateGraph, link: number): number {
  const { trackStart } = graph;
  let low = 0;
  let high = graph.trackCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (trackStart[middle]! <= link) low = middle;
    else high = middle - 1;
  }
  return low;
}
