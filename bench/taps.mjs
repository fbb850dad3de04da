// A run with a tap whose reader never reads against the same run without: node bench/taps.mjs [PAIRS] [FRAMES]
// Alternating pairs, the order turned in every second; the ratios are the medians of the pairs'. Throughput flat out; latency
// (from a frame's arrival to leaving the archive) at a pace the run can keep. Verified: exit code 0, every frame stored.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const [pairs = "9", frames = "80"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "mote-taps-"));
const socket = join(folder, "tap.sock");
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function time(pace, hasTap) {
  const tap = hasTap ? ` --tap unix:${socket},latest` : "";
  const line = `run --json acquire --camera sim --size 2048x2048 --seed 1 --frames ${frames}${pace}${tap} then track --preset tweezer then archive --out out.csv --force`;
  const child = spawn(process.execPath, [resolve("bin/mote.js"), ...line.split(" ")], { cwd: folder });
  let told = "";
  child.stderr.on("data", (piece) => {
    told += piece;
  });
  const ended = new Promise((done) => child.on("close", done));
  if (hasTap) {
    while (!existsSync(socket)) await pause(5);
    connect(socket)
      .on("error", () => {})
      .pause();
  }
  if ((await ended) !== 0) throw new Error(told);
  const report = JSON.parse(told.split("\n").find((text) => text.startsWith('{"kind":"report"')));
  const rows = readFileSync(join(folder, "out.csv"), "utf8").split("\n").length;
  if (report.lost !== 0 || report.stages.at(-1).in !== Number(frames)) throw new Error(told);
  if (hasTap && report.taps[0].readers !== 1) throw new Error(`no reader came: ${told}`);
  return { ms: report.elapsedMs, latencyMs: report.stages.at(-1).ageMs.p50, rows };
}

for (const [name, pace, figure] of [
  ["throughput, flat out", "", (without, tapped) => without.ms / tapped.ms],
  [
    "median latency, 15 frames a second",
    " --fps 15 --backpressure block",
    (without, tapped) => tapped.latencyMs / without.latencyMs,
  ],
]) {
  const ratios = [];
  for (let pair = 0; pair < Number(pairs); pair++) {
    const both = {};
    for (const hasTap of pair % 2 ? [true, false] : [false, true]) both[hasTap] = await time(pace, hasTap);
    if (both.true.rows !== both.false.rows)
      throw new Error(`${both.true.rows} rows with the tap, ${both.false.rows} without`);
    ratios.push(figure(both.false, both.true));
  }
  console.log(
    `taps/${name}: ratio ${median(ratios).toFixed(3)} (${ratios.map((ratio) => ratio.toFixed(2)).join(" ")})`,
  );
}
rmSync(folder, { recursive: true });
