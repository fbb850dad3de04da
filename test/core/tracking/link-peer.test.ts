/** Random scenes linked by trackpy itself. Needs a Python with trackpy: MOTE_PYTHON names it, else python3 is tried. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { LinkParameters } from "../../../src/core/tracking/link/parameters.js";
import { isSamePartition, linkScene, type Scene, type WalkerOptions, walk } from "./link-scenes.js";

const python = process.env.MOTE_PYTHON ?? "python3";
const script = fileURLToPath(new URL("link-peer.py", import.meta.url));

function hasTrackpy(): boolean {
  try {
    execFileSync(python, ["-c", "import importlib.util as u; assert u.find_spec('trackpy')"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface Answer {
  readonly particles?: number[];
  readonly oversize?: boolean;
}

interface Job {
  readonly parameters: LinkParameters;
  readonly scene: readonly Scene[];
}

function linkWithTrackpy(jobs: readonly Job[]): Answer[] {
  const input = JSON.stringify(
    jobs.map(({ parameters, scene }) => ({
      parameters,
      frames: scene.map(({ frame, y, x }) => ({ frame, y: [...y], x: [...x] })),
    })),
  );
  return JSON.parse(execFileSync(python, [script], { input, maxBuffer: 2 ** 28, encoding: "utf8" })) as Answer[];
}

const isThere = hasTrackpy();
const skipped = " (skipped: no Python with trackpy; MOTE_PYTHON names one)";
const circle = { y: 8, x: 8 };
const sparse = { count: 250, edge: 220, step: 2, frames: 8, missing: 0.05 };
const dense = { count: 700, edge: 150, step: 1.5, frames: 5, missing: 0.05 };

const cases: readonly (readonly [string, LinkParameters, Omit<WalkerOptions, "seed">, number[]])[] = [
  ["with memory and lost frames", { searchRange: circle, memory: 2 }, sparse, [3, 5]],
  ["with different ranges on the axes", { searchRange: { y: 5, x: 9 }, memory: 1 }, sparse, []],
  ["with an adaptive search in a dense scene", { searchRange: circle, memory: 1, adaptiveStop: 1 }, dense, []],
  [
    "with an adaptive search on an ellipse",
    { searchRange: { y: 6, x: 9 }, adaptiveStop: 0.5, adaptiveStep: 0.9 },
    dense,
    [],
  ],
  [
    "with the drift predictor",
    { searchRange: circle, memory: 1, predictor: "drift" },
    { ...sparse, drift: { y: 4, x: 5 } },
    [],
  ],
  [
    "with the nearest velocity",
    { searchRange: circle, memory: 1, predictor: "nearest-velocity" },
    { ...sparse, drift: { y: 4, x: 5 } },
    [],
  ],
];
const scenesOfCase = 6;
const jobs: readonly Job[] = cases.flatMap(([, parameters, options, lostFrames]) =>
  Array.from({ length: scenesOfCase }, (_, k) => {
    const scene = walk({ ...options, seed: 50 + k }).filter(({ frame }) => !lostFrames.includes(frame));
    return { parameters, scene };
  }),
);
let answers: readonly Answer[];
// One start for all: importing trackpy takes longer than linking.
if (isThere) {
  beforeAll(() => {
    answers = linkWithTrackpy(jobs);
  });
}

for (const [i, [what, parameters]] of cases.entries()) {
  test.skipIf(!isThere)(`${what} the tracks are trackpy's${isThere ? "" : skipped}`, () => {
    let solved = 0;
    for (let k = 0; k < scenesOfCase; k++) {
      const { scene } = jobs[i * scenesOfCase + k]!;
      const answer = answers[i * scenesOfCase + k]!;
      const { ids, summary } = linkScene(scene, parameters);
      // Where trackpy gives up there is nothing to compare; here the subnet must have been degraded.
      expect(summary.degradedSubnets > 0, `seed ${50 + k}`).toBe(answer.oversize === true);
      if (answer.particles === undefined) continue;
      solved++;
      expect(isSamePartition(ids.flat(), answer.particles), `seed ${50 + k}`).toBe(true);
    }
    expect(solved).toBeGreaterThan(3);
  });
}
