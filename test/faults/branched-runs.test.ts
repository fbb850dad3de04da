/**
 * Each stage of a run with branches fails in turn, in every way: nothing that the stages held is there afterwards, what the
 * branches left is what was promised, and the numbers of the report and of the run's ledger add up.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { openShell, type Shell } from "../e2e/shell.js";
import { type ToldReport, toldReport } from "../e2e/told-report.js";
import { stackTrace } from "../stack-trace.mjs";
import { until } from "../until.js";

// Real runs, one after the other, some of which wait for threads that do not answer.
vi.setConfig({ testTimeout: 240_000 });

const preload = `--import ${resolve("test/faults/failing-stages.mjs")}`;
const unjoined = resolve("test/faults/unjoined.mjs");
const frames = 40;
const stages = ["acquire", "track", "archive", "compress", "archive-2"] as const;
type Stage = (typeof stages)[number];
/** Of each stage the sinks that get their frames through it. */
const sinksBehind: Readonly<Record<Stage, readonly Stage[]>> = {
  acquire: ["archive", "compress", "archive-2"],
  track: ["archive"],
  archive: ["archive"],
  compress: ["compress"],
  "archive-2": ["archive-2"],
};
const files: Readonly<Record<string, readonly string[]>> = {
  archive: ["t.csv", "t.h5"],
  compress: ["j"],
  "archive-2": ["a.mote", "a.tif"],
};
const room = "--min-free 0";
const line = [
  `acquire --camera sim --size 32x32 --beads 1 --frames ${frames}`,
  `then track --diameter 11 --workers 1 then archive ${outs("archive")} ${room}`,
  `from acquire then compress --out j --workers 1 ${room}`,
  `from acquire then archive ${outs("archive-2")} ${room}`,
].join(" ");

function outs(sink: string): string {
  return files[sink]!.map((file) => `--out ${file}`).join(" ");
}

interface Broken {
  readonly shell: Shell;
  readonly code: number;
  readonly err: string;
}

interface Fault {
  readonly stage: Stage;
  readonly how: string;
  readonly onFailure?: string;
  /** What the shell does while the process $P is there. */
  readonly meanwhile?: string;
}

async function broken({ stage, how, onFailure = "end-run", meanwhile = ":" }: Fault): Promise<Broken> {
  const shell = openShell("branched");
  const { out } = await shell.run(
    `export NODE_OPTIONS='${preload}' FAILING_STAGE='${stage}' FAILING_HOW='${how}'
    node ${unjoined} run --json --ledger fates.csv --on-failure ${onFailure} ${line} 2> err & P=$!
    export P; unset NODE_OPTIONS; ${meanwhile}; wait $P; echo $?`,
  );
  return { shell, code: Number(out), err: readFileSync(join(shell.folder, "err"), "utf8") };
}

const read = ({ folder }: Shell, name: string) => readFileSync(join(folder, name), "utf8");

/** Every stage was connected, and was told `how` to let go; `areGone` false: nobody could remove the names of sockets and locks. */
async function expectLetGo({ shell, err }: Broken, how: readonly string[], areGone = true): Promise<void> {
  for (const stage of stages) {
    const child = Number(read(shell, `child-${stage}`));
    await until(() => hasEnded(child), { what: `the child of ${stage} to end` });
    expect([stage, await answerAt(join(shell.folder, `port-${stage}`))], err).toEqual([
      stage,
      areGone ? "ENOENT" : "ECONNREFUSED",
    ]);
    if (!areGone) continue;
    expect([stage, existsSync(join(shell.folder, `lock-${stage}`))]).toEqual([stage, false]);
    expect([stage, read(shell, `how-${stage}`).trim().split("\n")], err).toEqual([stage, how]);
  }
}

/** Also one that nobody has asked about yet. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

/** The system's word for why nobody listens there. */
function answerAt(path: string): Promise<string> {
  return new Promise((tell) => {
    const socket = createConnection({ path });
    socket.on("connect", () => tell("somebody listens"));
    socket.on("error", (error: NodeJS.ErrnoException) => tell(error.code ?? error.message));
  });
}

/** A file that was not closed has its lock beside it and is called cut; any other has none and is what verify finds whole, or says lacks something. */
async function expectAsPromised({ shell }: Broken, isWhole: (sink: string) => boolean): Promise<void> {
  const there = readdirSync(shell.folder);
  expect(there.filter((name) => name.includes(".partial"))).toEqual([]);
  for (const [sink, names] of Object.entries(files)) {
    for (const name of names.filter((one) => there.includes(one))) {
      const { code } = await shell.mote(["verify", name]);
      const isLocked = there.includes(`.${name}.lock`);
      if (isWhole(sink)) expect([name, code, isLocked]).toEqual([name, 0, false]);
      else
        expect([name, code, isLocked ? [1, 3] : [0, 3]]).toEqual([
          name,
          expect.any(Number),
          expect.arrayContaining([code]),
        ]);
    }
  }
}

function given({
  dropped,
  failed = 0,
}: {
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed?: number;
}) {
  return Object.values(dropped).reduce((sum, count) => sum + count, failed);
}

/** In the report of a run that ended in order, what goes into every stage and link comes out or is given up. */
function expectBalance(err: string): ToldReport {
  const report = toldReport(err)!;
  expect(
    report?.stages.map(({ stage }) => stage),
    err,
  ).toEqual(stages);
  for (const stage of report.stages)
    expect([stage.stage, stage.in], err).toEqual([stage.stage, stage.out + given(stage)]);
  expect(report.links).toHaveLength(stages.length - 1);
  for (const link of report.links) {
    expect([link.to, link.in], err).toEqual([link.to, link.out + given(link)]);
    expect([link.to, link.out], err).toEqual([link.to, report.stages.find(({ stage }) => stage === link.to)!.in]);
  }
  expect(report.leakedSlots, err).toBe(0);
  return report;
}

/** Every frame that the source exposed has one row, with its fate on every branch; "delivered" are those that the sinks took. */
function expectLedger({ shell, err }: Broken, report: ToldReport): void {
  const [head, ...rows] = read(shell, "fates.csv").trim().split("\n");
  const columns = head!.split(",");
  expect(columns).toEqual(["frame", "frames", ...sinksBehind.acquire]);
  const exposed = report.stages[0]!.out;
  let next = 0;
  const delivered = new Map<string, number>();
  for (const row of rows) {
    const cells = row.split(",");
    expect([row, Number(cells[0])], err).toEqual([row, next]);
    next += Number(cells[1]);
    for (const [at, fate] of cells.entries()) {
      if (at < 2) continue;
      expect([row, columns[at], fate]).not.toEqual([row, columns[at], ""]);
      if (fate === "delivered") delivered.set(columns[at]!, (delivered.get(columns[at]!) ?? 0) + Number(cells[1]));
    }
  }
  expect(next, err).toBe(exposed);
  for (const sink of sinksBehind.acquire) {
    const { out } = report.stages.find(({ stage }) => stage === sink)!;
    expect([sink, delivered.get(sink) ?? 0], err).toEqual([sink, out]);
  }
}

/** What became of the frames of a run that was aborted: of each branch those stored and those lost are all that were taken. */
function expectAborted(err: string): void {
  const sentence = /([\w-]+): aborted: (\d+) frames? taken, (\d+) stored; lost: (\d+) frames? w/g;
  const told = [...err.replaceAll("\\n", "\n").matchAll(sentence)];
  expect(
    told.map(([, sink]) => sink),
    err,
  ).toEqual(sinksBehind.acquire);
  for (const [text, , taken, stored, lost] of told)
    expect([text, Number(taken)]).toEqual([text, Number(stored) + Number(lost)]);
}

const failures: readonly [Stage, string, string][] = [
  ["acquire", "throws", "end-run"],
  ["acquire", "loses its child", "end-branch"],
  ["track", "throws", "end-branch"],
  ["track", "a mapper throws", "end-run"],
  ["track", "a mapper throws", "end-branch"],
  ["track", "loses its child", "end-branch"],
  ["archive", "throws", "end-run"],
  ["archive", "loses its child", "end-branch"],
  ["archive", "cannot close", "end-branch"],
  ["compress", "throws", "end-branch"],
  ["compress", "a mapper throws", "end-run"],
  ["compress", "loses its child", "end-run"],
  ["archive-2", "throws", "end-branch"],
  ["archive-2", "loses its child", "end-run"],
];

test.each(failures)(
  "when %s %s, with %s, all is let go in order, and every frame is accounted for",
  async (stage, how, onFailure) => {
    const run = await broken({ stage, how, onFailure });
    const { code, err } = run;
    expect(code, err).toBe(1);
    await expectLetGo(run, ["in-order"]);
    const report = expectBalance(err);
    expectLedger(run, report);
    const goesOn = onFailure === "end-branch" || how === "cannot close";
    const others = sinksBehind.acquire.filter((sink) => goesOn && !sinksBehind[stage].includes(sink));
    const whole = report.stages.filter(({ stage: sink, out }) => others.includes(sink as Stage) && out === frames);
    expect(whole.map(({ stage: sink }) => sink)).toEqual(others);
    await expectAsPromised(run, (sink) => others.includes(sink as Stage));
  },
);

const deaths: readonly [Stage, string][] = [
  ...stages.map((stage): [Stage, string] => [stage, "dies"]),
  ["track", "a mapper dies"],
  ["compress", "a mapper dies"],
];

test.each(deaths)(
  "when the thread of %s %s, all is let go abruptly, and the names can be written again",
  async (stage, how) => {
    const run = await broken({ stage, how });
    expect([run.code, run.err]).toEqual([1, expect.stringContaining(`"where":"${stage}","what":"its thread died`)]);
    expectAborted(run.err);
    await expectLetGo(run, ["abrupt"]);
    await expectAsPromised(run, () => false);
    await expectAgain(run);
  },
);

const isDraining = `wait-for 'the drain' 'grep -q interrupted: err'`;

test.each(stages)(
  "when %s is stuck, a second interrupt lets all go abruptly, and the names can be written again",
  async (stage) => {
    const meanwhile = `wait-for 'it to be stuck' '[ -e stuck ]'; kill -INT $P; ${isDraining}; kill -INT $P`;
    const run = await broken({ stage, how: "is stuck", meanwhile });
    expect(run.code, run.err).toBe(130);
    expectAborted(run.err);
    await expectLetGo(run, ["abrupt"]);
    await expectAsPromised(run, () => false);
    await expectAgain(run);
  },
);

test.each(["acquire", "compress"] as const)(
  "a run that is killed while %s is stuck leaves no process, and names that can be written again",
  async (stage) => {
    const run = await broken({
      stage,
      how: "is stuck",
      meanwhile: `wait-for 'it to be stuck' '[ -e stuck ]'; kill -KILL $P`,
    });
    expect(run.code, run.err).toBe(137);
    await expectLetGo(run, [], false);
    await expectAsPromised(run, () => false);
    await expectAgain(run);
  },
);

/** The same run once more, without a fault: what the one before it left is taken over, and all is whole. */
async function expectAgain(before: Broken): Promise<void> {
  const { shell } = before;
  const resumed = line.replace(
    "compress",
    `compress${readdirSync(join(shell.folder, "j")).length > 0 ? " --resume" : ""}`,
  );
  const forced = resumed.replace(/(archive .*?)(?= then| from|$)/g, "$1 --force");
  const { code, err } = await shell.mote(`run ${forced}`);
  expect([code, err], before.err).toEqual([0, expect.not.stringMatching(stackTrace)]);
  await expectAsPromised(before, () => true);
  expect(readdirSync(shell.folder).filter((name) => name.endsWith(".lock"))).toEqual([]);
}
