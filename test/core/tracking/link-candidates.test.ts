import { expect, test } from "vitest";
import { CandidateGraph, crowdedMaxNeighbors } from "../../../src/core/tracking/link/candidate-graph.js";
import { DistanceHeap } from "../../../src/core/tracking/link/distance-heap.js";
import { NearestTree } from "../../../src/core/tracking/link/nearest-tree.js";
import { seeded } from "../../seed.js";

/** Random points of which some coincide and some lie on common lines. */
function points(seed: number, count: number, edge: number): { y: Float64Array; x: Float64Array } {
  const random = seeded(seed);
  const place = (): number => (random() < 0.2 ? Math.floor(random() * 5) : random() * edge);
  return { y: Float64Array.from({ length: count }, place), x: Float64Array.from({ length: count }, place) };
}

function pairsOf(graph: CandidateGraph): string[] {
  const pairs: string[] = [];
  for (let feature = 0; feature < graph.featureCount; feature++) {
    for (let link = graph.featureStart[feature]!; link < graph.featureStart[feature + 1]!; link++) {
      pairs.push(`${graph.trackOf[link]} ${feature} ${graph.featureDistance[link]}`);
    }
  }
  return pairs.sort();
}

test("the candidates are all pairs within the range, each once, from either end", () => {
  const graph = new CandidateGraph();
  for (let seed = 1; seed <= 40; seed++) {
    const range = 0.5 + (seed % 7);
    // Few points in many cells share buckets; an offset beyond 2^53 cells makes neighbouring cells one.
    const offset = seed % 4 === 0 ? 2 ** 60 : seed % 4 === 1 ? -1e6 : 0;
    const tracks = points(seed, 3 * seed, 30);
    const features = points(1000 + seed, 2 * seed, 30);
    for (const axis of [tracks.y, tracks.x, features.y, features.x])
      axis.forEach((v, i) => {
        axis[i] = v + offset;
      });
    graph.build(3 * seed, tracks.y, tracks.x, 2 * seed, features.y, features.x, range, false);
    const expected: string[] = [];
    for (let track = 0; track < 3 * seed; track++) {
      for (let feature = 0; feature < 2 * seed; feature++) {
        const distance = Math.sqrt(
          (tracks.y[track]! - features.y[feature]!) ** 2 + (tracks.x[track]! - features.x[feature]!) ** 2,
        );
        if (distance < range) expected.push(`${track} ${feature} ${distance}`);
      }
    }
    expect(pairsOf(graph), `seed ${seed}`).toEqual(expected.sort());
    const fromTracks: string[] = [];
    for (let track = 0; track < graph.trackCount; track++) {
      for (let link = graph.trackStart[track]!; link < graph.trackStart[track + 1]!; link++) {
        fromTracks.push(`${track} ${graph.featureOf[link]} ${graph.trackDistance[link]}`);
      }
    }
    expect(fromTracks.sort()).toEqual(expected);
  }
});

test("a crowded frame keeps the nearest candidates of each feature", () => {
  const count = 9000;
  const { y, x } = points(3, count, 1);
  const graph = new CandidateGraph();
  graph.build(count, y, x, count, y, x, 100, false);
  expect(graph.isCrowded).toBe(true);
  expect(graph.linkCount).toBe(count * crowdedMaxNeighbors);
});

test("the tree's nearest points are those of a full sort", () => {
  const tree = new NearestTree();
  for (let seed = 1; seed <= 60; seed++) {
    const { y, x } = points(seed, 7 * seed, 20);
    tree.fill(y.length, y, x);
    const at = points(500 + seed, 10, 20);
    for (let k = 0; k < 10; k++) {
      const squares = Array.from(y, (v, i) => (v - at.y[k]!) ** 2 + (x[i]! - at.x[k]!) ** 2);
      const limit = seed % 3 === 0 ? 16 : Number.POSITIVE_INFINITY;
      const found = tree.query(at.y[k]!, at.x[k]!, 6, limit);
      const expected = squares.filter((square) => square < limit).sort((a, b) => a - b);
      expect([...tree.foundSquare.subarray(0, found)], `seed ${seed}`).toEqual(expected.slice(0, 6));
      for (let i = 0; i < found; i++) expect(squares[tree.foundPoint[i]!]).toBe(tree.foundSquare[i]);
    }
  }
});

test("the heap gives back distances in order, equal ones by number", () => {
  const random = seeded(11);
  const heap = new DistanceHeap();
  const pushed = Array.from({ length: 500 }, (_, number) => ({ distance: Math.floor(random() * 40), number }));
  for (const { distance, number } of pushed) heap.push(distance, number);
  const popped = pushed.map(() => ({ distance: heap.topDistance, number: heap.pop() }));
  expect(popped).toEqual(pushed.sort((a, b) => a.distance - b.distance || a.number - b.number));
  expect(heap.pop()).toBe(-1);
});
