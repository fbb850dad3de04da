/**
 * Streams that end early, drawn by the run's seed: cut at any byte, or interrupted while a camera goes on. Whatever the
 * pipeline (two to four processes, a slow reader at any place), every frame is stored or said to be lost. MOTE_CUTS and
 * MOTE_INTERRUPTS say how many of each are drawn.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomOfRun } from "../seed.js";
import { openShell, root } from "./shell.js";

const cuts = Number(process.env.MOTE_CUTS ?? 3);
const interrupts = Number(process.env.MOTE_INTERRUPTS ?? 3);
const slowly = `node ${root}/test/e2e/slowly.mjs`;
const size = "--size 64x64 --beads 4";
const messageBytes = 40 + 152 + 64 * 64 * 2;

/** The last report that a process wrote as a line of JSON; its books have to balance. */
function reportIn(folder: string, name: string) {
  const lines = readFileSync(join(folder, name), "utf8").trim().split("\n");
  const report = JSON.parse(lines.findLast((line) => line.includes('"kind":"report"')) ?? "{}");
  for (const { stage, in: came, out, dropped, failed } of report.stages) {
    const given = Object.values(dropped as Record<string, number>).reduce((sum, frames) => sum + frames, 0);
    expect([stage, came]).toEqual([stage, out + given + failed]);
  }
  return report;
}

/** The stages behind the first, the last one an archive; each with a slow reader before it as often as not. */
function behind(random: () => number, stages: number): { line: string; file: string } {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const file = pick(["x.h5", "x.mote", "x.ome.zarr", "x.tif"]);
  const relay = ["mote track --diameter 11 --minmass 300 --workers 1", "cat"];
  const parts: string[] = [];
  for (let at = 0; at < stages; at++) {
    if (random() < 0.5) parts.push(`${slowly} ${Math.round(4e5 + random() * 2e6)}`);
    parts.push(at < stages - 1 ? relay[at]! : `mote archive --out ${file} --min-free 0 --json 2>end`);
  }
  return { line: parts.join(" | "), file };
}

async function stored(shell: ReturnType<typeof openShell>, file: string): Promise<number> {
  const { out } = await shell.run(`mote verify ${file} --json`);
  return JSON.parse(out).files[0].frames;
}

test(`${cuts} streams cut anywhere: what came whole is stored or said lost`, { timeout: 60_000 * cuts }, async () => {
  const random = randomOfRun("cut streams");
  for (let at = 0; at < cuts; at++) {
    const shell = openShell("cut-anywhere");
    await shell.run(`mote acquire --camera sim ${size} --frames 60 | cat > whole`);
    const whole = statSync(join(shell.folder, "whole")).size;
    const { line, file } = behind(random, 1 + Math.floor(random() * 3));
    const byte = whole - Math.floor(1500 + random() * 50 * messageBytes);
    const { out } = await shell.run(`head -c ${byte} whole | ${line}; echo "\${PIPESTATUS[*]}"`);
    const told = await shell.run(`head -c ${byte} whole | mote inspect - --json 2>&1 || true`);
    const came = JSON.parse(told.out).frames;
    const report = reportIn(shell.folder, "end");
    const what = `byte ${byte} of ${whole}, ${line}, exit codes ${out}`;
    expect([what, (await stored(shell, file)) + report.lost, report.isComplete]).toEqual([what, came, false]);
    expect([what, out.trim().split(" ").at(-1)]).toEqual([what, "1"]);
  }
});

test(`${interrupts} live pipelines interrupted: every frame exposed is stored or said lost`, {
  timeout: 60_000 * interrupts,
}, async () => {
  const random = randomOfRun("interrupted pipelines");
  for (let at = 0; at < interrupts; at++) {
    const shell = openShell("interrupted-live");
    const { line, file } = behind(random, 1 + Math.floor(random() * 3));
    const exposedAtLeast = 20 + Math.floor(random() * 150);
    const signal = random() < 0.5 ? "INT" : "TERM";
    const camera = `mote acquire --camera sim ${size} --fps 150 --truth truth.csv --json 2>begin`;
    // The truth has its name when it is whole (docs/formats.md).
    const rows = "$(cat truth.csv .truth.csv.part 2>/dev/null | wc -l)";
    const begun = `wait-for frames '[ "${rows}" -gt ${exposedAtLeast * 4} ]' || kill -KILL -- -$P`;
    const pipeline = `(bash -c '${camera} | ${line.replaceAll("cat", `${slowly} 9e9`)}; echo "\${PIPESTATUS[*]}" >codes')`;
    await shell.run(`set -m; ${pipeline} & P=$!; ${begun}; kill -${signal} -- -$P; wait $P`);
    const [begin, end] = [reportIn(shell.folder, "begin"), reportIn(shell.folder, "end")];
    const exposed = begin.stages[0].in;
    const kept = await stored(shell, file);
    const what = `${signal} after ${exposedAtLeast}, ${line}`;
    expect([what, exposed]).toContain(kept + end.lost);
    expect([what, begin.isComplete, end.isComplete]).toEqual([what, false, false]);
  }
});
