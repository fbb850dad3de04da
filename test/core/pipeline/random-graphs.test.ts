/**
 * Runs of shapes that the run's seed draws: 2 to 8 stages, every policy, decimated links, stages that drop frames, fail at
 * some frame or do not close. Whatever happens, every frame is accounted for on every link and every path. MOTE_GRAPHS says
 * how many.
 */
import { expect, test } from "vitest";
import { linkPolicies } from "../../../src/core/memory/link-shape.js";
import type { LinkReport, StageReport } from "../../../src/core/model/run-report.js";
import type { FailurePolicy } from "../../../src/core/pipeline/negotiate.js";
import { randomOfRun } from "../../seed.js";
import { anyOutcomeOf, type Collected, type Stages, start } from "./scripted-run.js";

const graphs = Number(process.env.MOTE_GRAPHS ?? 30);
const frames = 60;

interface Drawn {
  readonly stages: Stages;
  /** Of each stage the label of the one that feeds it. */
  readonly parents: ReadonlyMap<string, string>;
  readonly sinks: readonly string[];
  readonly onFailure: FailurePolicy;
  readonly canFail: boolean;
}

function draw(random: () => number): Drawn {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const count = 2 + Math.floor(random() * 7);
  const isLive = random() < 0.5;
  const parents = new Map<string, string>();
  let canFail = false;
  /** A frame at which something fails; mostly none. */
  const failsAt = (chance = 0.15) => {
    if (random() > chance) return undefined;
    canFail = true;
    return Math.floor(random() * frames);
  };
  const broken = { failAt: failsAt(0.1) };
  const stages: [string, Record<string, unknown>, object?][] = [
    ["counter", { frames, isLive, edge: 64, gapAt: random() < 0.3 ? 20 : -1, ...broken }],
  ];
  /** Stages whose frames may be taken. */
  const open = ["counter"];
  /** Of these, those whose frames nobody takes yet. */
  let waiting = ["counter"];
  for (let index = 1; index < count; index++) {
    const left = count - index;
    const from = waiting.length >= left ? waiting[0]! : pick(open);
    waiting = waiting.filter((label) => label !== from);
    const isSink = left <= waiting.length + 1 || random() < 0.35;
    const label = `${isSink ? "collect" : "mark"}${index}`;
    parents.set(label, from);
    const policy =
      random() < 0.6 ? pick(linkPolicies.filter((one) => one !== "block" || from !== "counter" || !isLive)) : undefined;
    if (policy === "fail") canFail = true;
    const link = { ...(policy ? { policy } : {}), ...(random() < 0.2 ? { every: 1 + Math.floor(random() * 5) } : {}) };
    const options = isSink
      ? { delayMs: random() < 0.3 ? 2 : 0, failAt: failsAt(), closeFails: failsAt(0.05) !== undefined }
      : {
          mappers: 1 + Math.floor(random() * 2),
          unevenMs: random() < 0.3 ? 2 : 0,
          dropEvery: random() < 0.2 ? 7 : 0,
          failEvery: random() < 0.1 ? 11 : 0,
          ...(random() < 0.5 ? { mapFailAt: failsAt() } : { pushFailAt: failsAt() }),
        };
    stages.push([isSink ? "collect" : "mark", options, { label, from, link }]);
    if (!isSink) {
      open.push(label);
      waiting.push(label);
    }
  }
  const sinks = stages.flatMap(([name, , place]) => (name === "collect" ? [(place as { label: string }).label] : []));
  return { stages, parents, sinks, onFailure: random() < 0.5 ? "end-branch" : "end-run", canFail };
}

function given({
  dropped,
  failed = 0,
}: {
  readonly dropped: StageReport["dropped"];
  readonly failed?: number;
}): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, failed);
}

test(`in ${graphs} runs of random shape every frame is accounted for on every link and path`, {
  timeout: 30_000 + graphs * 10_000,
}, async () => {
  const random = randomOfRun("graphs");
  for (let round = 0; round < graphs; round++) {
    const drawn = draw(random);
    const what = `graph ${round}: ${JSON.stringify(drawn)}`;
    const { report, failure } = await anyOutcomeOf(await start(drawn.stages, () => {}, drawn.onFailure));
    const stages = new Map(report.stages.map((stage) => [stage.stage, stage]));
    expect([...stages.keys()], what).toEqual(
      drawn.stages.map(([name, , place]) => (place as { label?: string } | undefined)?.label ?? name),
    );
    expect([report.leakedSlots, report.pool.fromReserve], what).toEqual([0, 0]);
    if (!drawn.canFail) expect(failure, what).toBeNull();
    for (const { stage, ...one } of report.stages) expect([stage, one.in], what).toEqual([stage, one.out + given(one)]);
    expect(report.links.map(({ from, to }) => `${to} from ${from}`).sort(), what).toEqual(
      [...drawn.parents].map(([to, from]) => `${to} from ${from}`).sort(),
    );
    const linkTo = new Map(report.links.map((link) => [link.to, link]));
    for (const link of report.links) {
      expect([link.to, link.in], what).toEqual([link.to, link.out + given(link)]);
      expect([link.to, stages.get(link.to)!.in], what).toEqual([link.to, link.out]);
    }
    const { in: exposed } = stages.get("counter")!;
    for (const sink of drawn.sinks) expectPath(sink, exposed, stages, linkTo, drawn, what);
  }
});

/** Along the way to a sink, what the source exposed is what came in at the end and what was given up; and the sink was told how much of it was lost. */
function expectPath(
  sink: string,
  exposed: number,
  stages: ReadonlyMap<string, StageReport>,
  linkTo: ReadonlyMap<string, LinkReport>,
  { parents }: Drawn,
  what: string,
): void {
  let accounted = stages.get(sink)!.in;
  for (let label = sink; parents.has(label); label = parents.get(label)!) {
    const link = linkTo.get(label)!;
    const stage = stages.get(link.from)!;
    accounted += given(link);
    // What the only link behind a stage gave up is in the stage's report, too.
    const isOnly = [...parents.values()].filter((from) => from === link.from).length === 1;
    accounted += given(stage) - (isOnly ? given(link) : 0);
  }
  expect([sink, accounted], what).toEqual([sink, exposed]);
  const { summary } = stages.get(sink)!;
  const { numbers, events } = summary as unknown as Collected;
  const told = events as readonly { event: string; firstFrame: number; count: number }[];
  const seen = new Set(numbers);
  for (const { event, firstFrame, count } of told) {
    if (event !== "drop" && event !== "gap") continue;
    for (let frame = firstFrame; frame < firstFrame + count; frame++) {
      expect([sink, frame, seen.has(frame)], what).toEqual([sink, frame, false]);
      seen.add(frame);
    }
  }
}
