import { expect, test } from "vitest";
import { linkReference } from "../../../src/core/tracking/link/link-reference.js";
import { createLinker, linkFlag } from "../../../src/core/tracking/link/linker.js";
import { checkLinkParameters, type LinkParameters } from "../../../src/core/tracking/link/parameters.js";
import { seeded } from "../../seed.js";
import { isSamePartition, linkScene, readTable, type Scene, walk } from "./link-scenes.js";

const circle = (range: number): { y: number; x: number } => ({ y: range, x: range });

/** One frame a list of [y, x]. */
function frames(...lists: (readonly (readonly [number, number])[])[]): Scene[] {
  return lists.map((list, frame) => ({
    frame,
    y: Float64Array.from(list, ([y]) => y),
    x: Float64Array.from(list, ([, x]) => x),
  }));
}

for (const [name, parameters] of [
  ["link_walkers.csv", { searchRange: circle(5), memory: 3 }],
  ["bulk_water_a.csv", { searchRange: circle(5), memory: 3 }],
  ["beads_2048.csv", { searchRange: circle(8), memory: 1 }],
] as const) {
  const table = readTable(name);
  const title = `${name}: the tracks are trackpy's`;
  if (table === null) test.skip(`${title} (skipped: ../shared/data is not there)`, () => {});
  else {
    test(title, () => {
      const { ids, summary } = linkScene(table.scene, parameters);
      expect(isSamePartition(ids.flat(), table.particles.flat())).toBe(true);
      expect(summary.tracks).toBe(new Set(table.particles.flat()).size);
      expect(summary.degradedSubnets).toBe(0);
    });
  }
}

const variants: readonly (readonly [string, LinkParameters])[] = [
  ["without memory", { searchRange: circle(6) }],
  ["with memory 2", { searchRange: circle(6), memory: 2 }],
  ["with different ranges on the axes", { searchRange: { y: 4, x: 8 }, memory: 1 }],
  ["with an adaptive search", { searchRange: circle(8), memory: 1, adaptiveStop: 0.2, adaptiveStep: 0.9 }],
  ["with an adaptive search on an ellipse", { searchRange: { y: 6, x: 9 }, adaptiveStop: 0.2 }],
  ["with the drift predictor", { searchRange: circle(6), memory: 2, predictor: "drift" }],
  ["with the nearest velocity", { searchRange: circle(6), memory: 2, predictor: "nearest-velocity" }],
];
for (const [what, parameters] of variants) {
  test(`${what} the fast linker numbers random scenes as its slow twin does`, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const drift = parameters.predictor === undefined ? { y: 0, x: 0 } : { y: 2, x: 3 };
      const scene = walk({ seed, count: 40 + 20 * seed, edge: 100, step: 2, frames: 6, missing: 0.1, drift });
      // A lost frame: its number is skipped.
      if (seed % 3 === 0) scene.splice(3, 1);
      expect(linkScene(scene, parameters).ids, `seed ${seed}`).toEqual(linkReference(scene, parameters));
    }
  });
}

test("the order of the features in a frame does not change the tracks", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seeded(seed);
    const scene = walk({ seed, count: 250, edge: 100, step: 2.5, frames: 5, missing: 0.1 });
    const parameters = { searchRange: circle(7), memory: 2 };
    const orders = scene.map(({ y }) =>
      Array.from(y, (_, row) => ({ row, key: random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ row }) => row),
    );
    const shuffled = scene.map(({ frame, y, x }, k) => ({
      frame,
      y: Float64Array.from(orders[k]!, (row) => y[row]!),
      x: Float64Array.from(orders[k]!, (row) => x[row]!),
    }));
    const straight = linkScene(scene, parameters).ids.flatMap((ids, k) => orders[k]!.map((row) => ids[row]!));
    expect(isSamePartition(linkScene(shuffled, parameters).ids.flat(), straight), `seed ${seed}`).toBe(true);
  }
});

test("moving the whole scene does not change the tracks", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const scene = walk({ seed, count: 250, edge: 100, step: 2.5, frames: 5, missing: 0.1 });
    const parameters = { searchRange: { y: 6, x: 7 }, memory: 2 };
    const moved = scene.map(({ frame, y, x }) => ({ frame, y: y.map((v) => v - 1234.5), x: x.map((v) => v + 98.25) }));
    expect(linkScene(moved, parameters).ids, `seed ${seed}`).toEqual(linkScene(scene, parameters).ids);
  }
});

test("without memory the film played backwards has the same tracks", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const scene = walk({ seed, count: 250, edge: 100, step: 2.5, frames: 5, missing: 0.1 });
    const parameters = { searchRange: circle(7) };
    const reversed = [...scene].reverse().map((one, frame) => ({ ...one, frame }));
    const backwards = linkScene(reversed, parameters).ids.reverse().flat();
    expect(isSamePartition(linkScene(scene, parameters).ids.flat(), backwards), `seed ${seed}`).toBe(true);
  }
});

test("a track survives exactly `memory` missed frames, empty or skipped", () => {
  for (const memory of [0, 1, 3]) {
    for (const isSkipped of [false, true]) {
      for (const missed of [memory, memory + 1]) {
        const empty = isSkipped ? [] : Array.from({ length: missed }, (_, k) => ({ frame: k + 1, y: [], x: [] }));
        const scene = [{ frame: 0, y: [5], x: [5] }, ...empty, { frame: missed + 1, y: [6], x: [5] }];
        const { ids, flags } = linkScene(scene, { searchRange: circle(3), memory });
        const survives = missed <= memory;
        expect(ids.at(-1)).toEqual([survives ? 0 : 1]);
        expect(flags.at(-1)).toEqual([survives && missed > 0 ? linkFlag.gap : 0]);
      }
    }
  }
});

test("a lost particle is looked for where it was last seen", () => {
  const { ids } = linkScene(frames([[0, 0]], [[0, 2]], [], [[0, 4.5]], [[0, -1]]), {
    searchRange: circle(3),
    memory: 1,
  });
  expect(ids).toEqual([[0], [0], [], [0], [1]]);
});

test("a step of exactly the search range is linked, a longer one is not", () => {
  const range = 5;
  expect(linkScene(frames([[0, 0]], [[3, 4]]), { searchRange: circle(range) }).ids).toEqual([[0], [0]]);
  expect(linkScene(frames([[0, 0]], [[3, 4.00001]]), { searchRange: circle(range) }).ids).toEqual([[0], [1]]);
});

test("each axis has its own search range", () => {
  const searchRange = { y: 2, x: 10 };
  expect(linkScene(frames([[0, 0]], [[0, 9]]), { searchRange }).ids).toEqual([[0], [0]]);
  expect(linkScene(frames([[0, 0]], [[3, 0]]), { searchRange }).ids).toEqual([[0], [1]]);
  // Displacements count in ranges: (1, 0) is half a range, (0, 3) only three tenths.
  expect(
    linkScene(
      frames(
        [[0, 0]],
        [
          [1, 0],
          [0, 3],
        ],
      ),
      { searchRange },
    ).ids,
  ).toEqual([[0], [1, 0]]);
});

test("the sum of squares decides, not the nearest pair", () => {
  // Nearest first would link 0 -> 1 at distance 1 and lose the track at 2.9, whose only feature is then taken.
  const scene = frames(
    [
      [0, 0],
      [0, 2.5],
    ],
    [
      [0, 1],
      [0, -2],
    ],
  );
  expect(linkScene(scene, { searchRange: circle(3) }).ids).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(linkScene(scene, { searchRange: circle(3), maxSubnet: 1 }).ids).toEqual([
    [0, 1],
    [0, 2],
  ]);
});

test("small subnets cost as little as the best of all their pairings", () => {
  const random = seeded(99);
  const range = 3;
  for (let round = 0; round < 400; round++) {
    const count = { before: 1 + Math.floor(random() * 6), after: 1 + Math.floor(random() * 6) };
    const points = (n: number) => Array.from({ length: n }, () => [random() * 5, random() * 5] as const);
    const [before, after] = [points(count.before), points(count.after)];
    const { ids } = linkScene(frames(before, after), { searchRange: circle(range) });
    const square = (i: number, j: number) => (before[i]![0] - after[j]![0]) ** 2 + (before[i]![1] - after[j]![1]) ** 2;
    const links = ids[1]!.flatMap((id, j) => (id < before.length ? [square(id, j)] : []));
    const cost = links.reduce((a, b) => a + b, 0) + (before.length - links.length) * range ** 2;
    const best = (i: number, taken: number): number => {
      if (i === before.length) return 0;
      let least = range ** 2 + best(i + 1, taken);
      for (let j = 0; j < after.length; j++) {
        if (taken & (1 << j) || square(i, j) > range ** 2) continue;
        least = Math.min(least, square(i, j) + best(i + 1, taken | (1 << j)));
      }
      return least;
    };
    expect(cost, `round ${round} of seed 99`).toBeCloseTo(best(0, 0), 9);
  }
});

test("subnets of 60 x 60 and of 400 x 400 are solved, optimally and soon", () => {
  for (const count of [60, 400]) {
    const scene = walk({ seed: 5, count, edge: 4, step: 4, frames: 2 });
    const { ids, summary } = linkScene(scene, { searchRange: circle(12) });
    expect(summary.largestSubnet).toBe(count);
    expect(summary.degradedSubnets).toBe(0);
    if (count === 60) expect(ids).toEqual(linkReference(scene, { searchRange: circle(12) }));
  }
});

test("a subnet above the largest allowed is linked closest first, flagged and counted", () => {
  const crowd = frames(
    [
      [0, 0],
      [0, 1],
      [50, 50],
    ],
    [
      [0, 0.1],
      [0, 1.1],
      [50, 50],
    ],
  );
  const { ids, flags, summary } = linkScene(crowd, { searchRange: circle(5), maxSubnet: 1 });
  expect(ids).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(flags).toEqual([
    [0, 0, 0],
    [linkFlag.subnetDegraded, linkFlag.subnetDegraded, 0],
  ]);
  expect(summary).toMatchObject({ degradedSubnets: 1, degradedFrames: 1, largestSubnet: 2 });
});

test("an adaptive search that reaches its stop degrades instead of failing", () => {
  const scene = walk({ seed: 3, count: 60, edge: 4, step: 1, frames: 3 });
  const { summary } = linkScene(scene, { searchRange: circle(8), adaptiveStop: 5 });
  expect(summary.degradedFrames).toBe(2);
});

test("an adaptive step close to 1 needs no deep recursion", () => {
  const scene = walk({ seed: 3, count: 30, edge: 4, step: 1, frames: 2 });
  const { summary } = linkScene(scene, { searchRange: circle(8), adaptiveStop: 0.01, adaptiveStep: 0.9995 });
  expect(summary.degradedSubnets).toBe(0);
});

test("when the budget is used up the rest of the frame's subnets degrade, and the next frame starts afresh", () => {
  const pairs: [number, number][] = [];
  for (let k = 0; k < 10; k++) pairs.push([100 * k, 0], [100 * k, 1]);
  let time = 0;
  // Every look at the clock takes a millisecond: one when the frame starts, one before each subnet.
  const now = (): number => time++;
  const { flags, summary } = linkScene(frames(pairs, pairs, pairs), { searchRange: circle(5), linkBudgetMs: 5 }, now);
  const degraded = [0, 0, 0, 0, 0, 0, 0, 0].concat(new Array(12).fill(linkFlag.subnetDegraded));
  expect(flags.slice(1)).toEqual([degraded, degraded]);
  expect(summary).toMatchObject({ degradedFrames: 2, degradedSubnets: 12, tracks: 20 });
});

test("a scene with every particle in range of every other ends, flagged", () => {
  const scene = walk({ seed: 8, count: 9000, edge: 3, step: 1, frames: 2 });
  const { summary, flags } = linkScene(scene, { searchRange: circle(10) });
  expect(summary.degradedFrames).toBe(1);
  expect(flags[1]!.every((flag) => flag === linkFlag.subnetDegraded)).toBe(true);
});

test("frames without features, at the start, between and at the end, are frames like others", () => {
  const { ids, summary } = linkScene(frames([], [[1, 1]], [], [[1, 1]], []), { searchRange: circle(2) });
  expect(ids).toEqual([[], [0], [], [1], []]);
  expect(summary).toMatchObject({ frames: 5, tracks: 2, liveTracks: 0 });
});

test("features at the same place are different particles", () => {
  const twins: [number, number][] = [
    [4, 4],
    [4, 4],
    [4, 4],
  ];
  const { ids } = linkScene(frames(twins, twins, twins.slice(1)), { searchRange: circle(2) });
  expect([...ids[1]!].sort()).toEqual([0, 1, 2]);
  expect(new Set(ids[2]).size).toBe(2);
});

test("coordinates may be huge, negative, and of different sizes", () => {
  const far: [number, number][] = [
    [1e9, -1e9],
    [1e9 + 3, -1e9],
    [-1e300, 1e300],
    [0, 0],
    [-0.4, 0.3],
    [2 ** 60, 2 ** 60],
  ];
  const { ids } = linkScene(frames(far, [...far].reverse()), { searchRange: circle(2) });
  expect(ids).toEqual([
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
  ]);
});

test("a position that is not a number is never linked and gets -1", () => {
  const bad: [number, number][] = [
    [Number.NaN, 1],
    [1, 1],
    [1, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ];
  for (const predictor of ["none", "nearest-velocity", "drift"] as const) {
    const { ids, summary } = linkScene(frames(bad, bad, bad), { searchRange: circle(2), memory: 1, predictor });
    expect(ids).toEqual([
      [-1, 0, -1, -1],
      [-1, 0, -1, -1],
      [-1, 0, -1, -1],
    ]);
    expect(summary).toMatchObject({ unlinkable: 9, tracks: 1, links: 2 });
  }
});

test("a prediction finds particles that move farther than the search range", () => {
  // The drift sets in slowly, as it must for the first frames to be linked.
  const scene = walk({ seed: 21, count: 40, edge: 400, step: 0.3, frames: 12 }).map(({ frame, y, x }) => ({
    frame,
    y: y.map((v) => v + frame ** 2),
    x,
  }));
  expect(linkScene(scene, { searchRange: circle(4) }).summary.tracks).toBeGreaterThan(300);
  for (const predictor of ["drift", "nearest-velocity"] as const) {
    expect(linkScene(scene, { searchRange: circle(4), predictor }).summary.tracks).toBe(40);
  }
});

test("every frame's report adds up", () => {
  const scene = walk({ seed: 4, count: 200, edge: 100, step: 3, frames: 8, missing: 0.2 });
  const linker = createLinker({ searchRange: circle(6), memory: 2 });
  let alive = 0;
  for (const { frame, y, x } of scene) {
    const report = linker.link(frame, y.length, y, 0, x, 0, new Float64Array(y.length), 0);
    expect(report.linked + report.started).toBe(y.length);
    alive += report.started - report.ended;
    expect(linker.summary().liveTracks).toBe(alive);
  }
});

test("frame numbers that do not increase are refused", () => {
  const linker = createLinker({ searchRange: circle(5) });
  const none = new Float64Array(0);
  linker.link(4, 0, none, 0, none, 0, none, 0);
  expect(() => linker.link(4, 0, none, 0, none, 0, none, 0)).toThrow("expected a frame number above 4, got 4");
});

test("all parameters that cannot be used are named at once", () => {
  expect(checkLinkParameters({ searchRange: circle(5), memory: 3, adaptiveStop: 1, linkBudgetMs: 0 })).toEqual([]);
  const wrong = {
    searchRange: { y: 0, x: 5 },
    memory: 1.5,
    adaptiveStop: 5,
    adaptiveStep: 1,
    maxSubnet: 0,
    linkBudgetMs: -1,
  };
  expect(checkLinkParameters(wrong).map(({ field }) => field)).toEqual([
    "searchRange",
    "memory",
    "adaptiveStep",
    "maxSubnet",
    "linkBudgetMs",
    "adaptiveStop",
  ]);
});
