/**
 * `kill -9` at moments that the run's seed draws, of every container and every process of a pipeline. What is left has to be
 * the camera's first frames without a hole, each as it was taken and with all its detections; verify and recover say what
 * it is, and the numbers that survivors tell add up with it. MOTE_KILLS says how many are drawn.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openShell, type Shell } from "../e2e/shell.js";
import { python } from "../judges.js";
import { randomOfRun } from "../seed.js";
import { stackTrace } from "../stack-trace.mjs";
import { framesIn, judge, difference as judgedDifference, locate } from "./containers.js";
import {
  describeKill,
  drawKill,
  type Ended,
  type KillPlan,
  killed,
  type Output,
  processesOf,
  type Scene,
  scenes,
} from "./kills.js";
import { differenceOf, type Pixels, pixelsOf, pixelsOfFolder, type Rows, rowsOf } from "./stored.js";

const kills = Number(process.env.MOTE_KILLS ?? 12);
const atOnce = Number(process.env.MOTE_KILLS_AT_ONCE ?? 3);

interface Truth {
  readonly pixels: Pixels;
  readonly rows: Rows;
}

let shell: Shell;
const truths = new Map<Scene, Truth>();

beforeAll(async () => {
  shell = openShell("kills");
  for (const scene of scenes) {
    const camera = ["acquire", "--camera", "sim", ...scene.camera, "--frames", String(scene.frames)];
    const outs = ["--out", `${scene.name}.mote`, "--out", `${scene.name}.csv`, "--min-free", "0"];
    await done(["run", ...camera, "then", ...locate, "then", "archive", ...outs]);
    const pixels = await pixelsOf(join(shell.folder, `${scene.name}.mote`));
    expect([...pixels.keys()]).toEqual(Array.from({ length: scene.frames }, (_, frame) => frame));
    truths.set(scene, { pixels, rows: await rowsOf(join(shell.folder, `${scene.name}.csv`)) });
  }
});
afterAll(() => rmSync(shell.folder, { recursive: true, force: true }));

async function done(words: readonly string[], codes: readonly number[] = [0]) {
  const ran = await shell.mote(words);
  expect([words.join(" "), ran.code, ran.err, codes.includes(ran.code)]).toEqual([
    words.join(" "),
    ran.code,
    ran.err,
    true,
  ]);
  expect(ran.err).not.toMatch(stackTrace);
  return ran;
}

interface Verified {
  readonly code: number;
  readonly frames: number | null;
  readonly rows: number | null;
  readonly notes: readonly string[];
  readonly unchecked: readonly { readonly aspect: string }[];
}

async function verified(path: string): Promise<Verified> {
  const { code, out } = await done(["verify", path, "--json"], [0, 1, 3]);
  return { code, ...JSON.parse(out).files[0] };
}

/** Whether the kill came in time: a run flat out may have ended by itself before. */
function wasKilled({ victim }: KillPlan, { codes }: Ended): boolean {
  return codes[victim] === 128 + 9;
}

/** Whether the killed process is the one that wrote the files; one that lives holds all that came to it, and says that there was more. */
function isWriterDead({ isPipeline, victim, sink }: KillPlan): boolean {
  return !isPipeline || victim === (sink === "archive" ? 2 : 1);
}

/** Frames and detections that the killed run left in one output. */
interface Left {
  readonly pixels?: Pixels;
  readonly rows?: Rows | undefined;
  /** What recover said, as JSON. */
  readonly said?: string;
}

/** Asks verify and recover about an output and reads what they promise; undefined where there is no such file. */
async function leftIn(plan: KillPlan, { name, container }: Output, random: () => number): Promise<Left | undefined> {
  const { folder } = plan;
  const path = join(folder, name);
  if (!existsSync(path)) return undefined;
  const { reader } = container;
  const isFolder = container.ending === "/";
  // A folder without a journal is what a run made before it began.
  if (isFolder && !readdirSync(path).some((file) => file.endsWith(".ndjson") && !file.startsWith("."))) {
    return { pixels: new Map() };
  }
  const before = await verified(path);
  if (isWriterDead(plan)) expect(before.code, path).toBe(3);
  else if (before.code === 0 && reader !== "csv")
    expect(before.notes.join(), `notes of ${path}`).toMatch(/had been cut/);
  else expect([0, 3], `verify of ${path}`).toContain(before.code);
  const isTable = ["csv", "parquet", "ndjson", "arrow"].includes(reader);
  const kept = { h5: [".h5", ".mote"], zarr: [".ome.zarr", ".mote"] }[reader] ?? [container.ending];
  const ending = kept[Math.floor(random() * kept.length)]!;
  const out = join(folder, `again${isFolder ? "" : ending}`);
  rmSync(out, { recursive: true, force: true });
  const recovered = await done(["recover", path, "--out", out, "--json"], isWriterDead(plan) ? [3, 1] : [0, 1, 3]);
  if (recovered.code === 1) {
    // Nothing was to be had, which verify knew.
    expect([before.frames ?? 0, before.rows ?? 0]).toEqual([0, 0]);
    return isTable ? { rows: new Map() } : { pixels: new Map() };
  }
  const told = JSON.parse(recovered.out);
  const after = await verified(out);
  expect([0, 3], `verify of what was recovered from ${path}`).toContain(after.code);
  if (isTable) {
    const rows = await rowsOf(out);
    // Of documents it is the lines that are counted.
    if (reader !== "ndjson") expect(told.rows).toBe([...rows.values()].flat().length);
    return { rows };
  }
  const pixels = isFolder ? await pixelsOfFolder(out, `.${reader.slice(0, 3)}`) : await pixelsOf(out);
  expect([told.frames, after.frames]).toEqual([pixels.size, pixels.size]);
  // Of Zarr the last chunk may be there before the shape that counts it, of a folder the last file before its line.
  const isCountedLater = reader === "zarr" || isFolder;
  expect(isCountedLater ? [pixels.size, pixels.size - 1] : [pixels.size]).toContain(before.frames);
  if (!["h5", "zarr", "mote"].includes(reader)) return { pixels };
  return { pixels, rows: await rowsIn(out, folder, told.rows), said: recovered.out };
}

/** Detections of an archive of frames, as a table that archive makes of them. */
async function rowsIn(path: string, folder: string, expected: number | null): Promise<Rows | undefined> {
  let stream = path;
  if (!path.endsWith(".mote")) {
    stream = join(folder, "rows.mote");
    rmSync(stream, { force: true });
    await done(["recover", path, "--out", stream], [0, 3]);
  }
  if (!expected) return undefined;
  const table = join(folder, "rows.csv");
  await done(
    [
      "archive",
      "--input",
      stream,
      "--detections-only",
      "--allow-truncated",
      "--out",
      table,
      "--force",
      "--min-free",
      "0",
    ],
    [0, 3],
  );
  return rowsOf(table);
}

/** Frames of the output that were stored. */
function stored({ pixels, rows }: Left): number {
  return (pixels ?? rows)!.size;
}

async function expectTruth(plan: KillPlan, output: Output, left: Left): Promise<void> {
  const { pixels, rows } = truths.get(plan.scene)!;
  if (left.pixels) expect(differenceOf(left.pixels, pixels)).toBeUndefined();
  if (left.rows) expect(differenceOf(left.rows, rows)).toBeUndefined();
  const isTracked = plan.sink === "archive" || (plan.sink === "output" && plan.isPipeline);
  if (left.pixels && isTracked && ["h5", "zarr", "mote"].includes(output.container.reader)) {
    // A frame whose writer died over it may lack them, which is said then.
    const isTold = /detections of frame/.test(left.said ?? "");
    expect(left.rows?.size ?? 0, "detections of every stored frame").toBe(left.pixels.size - (isTold ? 1 : 0));
  }
  if (python === undefined || stored(left) === 0) return;
  const [found] = judge(output.container, [join(plan.folder, output.name)]);
  const counts = [...rows.values()].map((of) => of.length);
  expect(judgedDifference(found!, { path: "", crcs: [...pixels.values()], rows: counts })).toBeUndefined();
  const fewest = stored(left) - (output.container.reader === "zarr" ? 1 : 0);
  expect(framesIn(found!), "frames that the stock reader finds").toBeGreaterThanOrEqual(fewest);
  expect(framesIn(found!)).toBeLessThanOrEqual(stored(left));
}

/** What the survivors tell of frames, against what is in the files. */
function expectBooks(plan: KillPlan, { codes, said, reports }: Ended, most: number, least: number): void {
  for (const report of reports) {
    for (const { stage, in: came, out, dropped, failed } of report?.stages ?? []) {
      const given = Object.values(dropped).reduce((sum, frames) => sum + frames, 0);
      expect([stage, came]).toEqual([stage, out + given + failed]);
    }
  }
  for (const text of said) expect(text).not.toMatch(stackTrace);
  if (!plan.isPipeline) return;
  const last = codes.length - 1;
  const before = codes.slice(0, plan.victim);
  const behind = codes.slice(plan.victim + 1);
  // Whoever reads a stream without an end has failed; one that had not even a beginning as well.
  for (const [index, code] of behind.entries())
    expect([index, code, said[plan.victim + 1 + index]]).toEqual([index, 1, said[plan.victim + 1 + index]]);
  const [source] = reports;
  const lost = reports.reduce((sum, report) => sum + (report?.lost ?? 0), 0);
  const exposed = source?.stages[0]?.in;
  if (exposed !== undefined) {
    expect(most + source!.lost, "stored and said lost by the source").toBeLessThanOrEqual(exposed);
    if (plan.fps !== null && exposed > 0) expect(Math.max(...before), said.join("")).toBe(3);
    if (plan.fps === null)
      expect(
        before.every((code) => code === 0),
        said.join(""),
      ).toBe(true);
  }
  const middle = plan.victim === last && last === 2 ? reports[1] : undefined;
  if (source && middle && plan.fps !== null) {
    expect(exposed! - source.lost, "what the source handed over is what the next one took").toBe(middle.stages[0]!.in);
    expect(most + lost, "stored and said lost").toBeLessThanOrEqual(exposed!);
  }
  const sink = plan.victim < last ? reports[last] : undefined;
  // The sink lives: every frame that came to it is in each of its files, or it said that it is not.
  if (sink) {
    const came = sink.stages[0]!.in;
    expect([most, least + sink.lost]).toEqual([came, came]);
  }
}

/** Nobody was killed: every process is done, and every file has all that the camera gave. */
async function expectWhole(plan: KillPlan, { codes, said }: Ended): Promise<void> {
  for (const code of codes) expect(plan.fps === null ? [0] : [0, 3], said.join("")).toContain(code);
  for (const { name, container } of plan.outputs) {
    const { code, frames } = await verified(join(plan.folder, name));
    expect(plan.fps === null ? [0] : [0, 3], name).toContain(code);
    const isOneOfFrames = ["h5", "zarr", "mote", "tif"].includes(container.reader);
    if (plan.fps === null && isOneOfFrames) expect([name, frames]).toEqual([name, plan.scene.frames]);
  }
}

/** Of a run that was killed while it came to listen; another that wants the name passes it over. */
const socketLock = /^tmp\/mote-\d+\/\.\w+\.sock\.lock$/;

/** The next run of the same name has it, and leaves nothing hidden beside it. `frames`: how many are stored. */
async function expectFreeName(plan: KillPlan, frames: number, left: readonly (Left | undefined)[]): Promise<void> {
  const { folder, sink } = plan;
  const outputs = plan.outputs.map((output) => ({ ...output, name: join(folder, output.name) }));
  const [first] = outputs as [Output];
  const next = (only: readonly Output[], count: number, given: readonly string[] = []) =>
    processesOf({ ...plan, isPipeline: false, fps: null, outputs: only, run: 2 }, count, given)[0]!;
  if (sink === "compress") {
    const isBegun = left[0] !== undefined && readdirSync(first.name).length > 0;
    await done(next(outputs, frames + 2, isBegun ? ["--resume"] : []));
    expect(await verified(first.name)).toMatchObject({ code: 0, frames: frames + 2 });
  } else {
    const files = outputs.filter(({ container }) => container.reader !== "tifs");
    const there = files.find(({ name }) => existsSync(name));
    if (there) {
      const refused = await done(next([there], 2), [2]);
      expect(refused.err).toContain("exists already");
      expect(refused.err).not.toContain("is writing");
    }
    await done(next(outputs, 2, ["--force"]));
    for (const { name } of files) expect((await verified(name)).code, name).toBe(0);
  }
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  // A TIFF of the killed run that never got its name is hidden, and in the way of none of another run.
  const isOfKilled = (name: string) => name.startsWith("frames/.run_001") || socketLock.test(name);
  const hidden = names.filter((name) => /(^|\/)\.[^/]*$/.test(name) && !isOfKilled(name));
  expect(hidden).toEqual([]);
}

test(`${kills} kills: what is left is true, told, and in nobody's way`, {
  timeout: 60_000 + 60_000 * kills,
}, async () => {
  const random = randomOfRun("kills");
  const tally = { kills: 0, tooLate: 0, outputs: 0, absent: 0, empty: 0, frames: 0, saidLost: 0 };
  const wrong: string[] = [];
  for (let first = 0; first < kills; first += atOnce) {
    const plans = Array.from({ length: Math.min(atOnce, kills - first) }, () =>
      drawKill(mkdtempSync(join(tmpdir(), "mote-kill-")), random),
    );
    const ends = await Promise.all(plans.map((plan) => killed(plan, random)));
    for (const [index, plan] of plans.entries()) {
      const ended = ends[index]!;
      try {
        if (!wasKilled(plan, ended)) {
          await expectWhole(plan, ended);
          tally.tooLate++;
          rmSync(plan.folder, { recursive: true, force: true });
          continue;
        }
        const left: (Left | undefined)[] = [];
        for (const output of plan.outputs) {
          const found = await leftIn(plan, output, random);
          if (found) await expectTruth(plan, output, found);
          left.push(found);
        }
        const frames = left.map((found) => (found ? stored(found) : 0));
        expectBooks(plan, ended, Math.max(...frames), Math.min(...frames));
        await expectFreeName(plan, Math.max(...frames), left);
        tally.kills++;
        tally.outputs += left.length;
        tally.absent += left.filter((found) => !found).length;
        tally.empty += left.filter((found) => found && stored(found) === 0).length;
        tally.frames += frames.reduce((sum, count) => sum + count, 0);
        tally.saidLost += ended.reports.reduce((sum, report) => sum + (report?.lost ?? 0), 0);
        rmSync(plan.folder, { recursive: true, force: true });
      } catch (error) {
        wrong.push(
          `kill ${first + index}, ${plan.folder}: ${describeKill(plan)}, codes ${ended.codes}: ${(error as Error).message}`,
        );
      }
    }
  }
  console.log(JSON.stringify(tally));
  expect(wrong).toEqual([]);
  expect(tally.kills, "kills that came in time").toBeGreaterThan(0);
});
