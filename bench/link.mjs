/**
 * Times the linker after checking what it answers: the walkers of trackpy's table (same partition), and random walkers of
 * known identity, sparse and moderately dense (share of true links found).
 *
 * node --expose-gc bench/link.mjs   BENCH_POINTS=100000 BENCH_RUNS=15 BENCH_FRAMES=200000
 */
import { existsSync, readFileSync } from "node:fs";
import { createLinker } from "../dist/core/tracking/link/linker.js";
import { seeded } from "./random.mjs";

const runs = Number(process.env.BENCH_RUNS ?? 15);
const points = Number(process.env.BENCH_POINTS ?? 100_000);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function spread(values) {
  return `${median(values).toFixed(1)} ms (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}

function readFrames(file) {
  const [header, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const names = header.split(",");
  const rows = lines.map((line) => line.split(",").map(Number));
  const at = (name) => names.indexOf(name);
  const frames = new Map();
  for (const row of rows) {
    const frame = row[at("frame")];
    if (!frames.has(frame)) frames.set(frame, []);
    frames.get(frame).push(row);
  }
  return [...frames].map(([frame, list]) => ({
    frame,
    y: Float64Array.from(list, (row) => row[at("y")]),
    x: Float64Array.from(list, (row) => row[at("x")]),
    particle: list.map((row) => row[at("particle")]),
    ids: new Float64Array(list.length),
  }));
}

function linkAll(frames, parameters) {
  const linker = createLinker(parameters);
  for (const { frame, y, x, ids } of frames) linker.link(frame, y.length, y, 0, x, 0, ids, 0);
  return linker.summary();
}

function isSamePartition(frames) {
  const forward = new Map();
  const backward = new Map();
  for (const { particle, ids } of frames) {
    for (const [i, theirs] of particle.entries()) {
      if (!forward.has(theirs)) forward.set(theirs, ids[i]);
      if (!backward.has(ids[i])) backward.set(ids[i], theirs);
      if (forward.get(theirs) !== ids[i] || backward.get(ids[i]) !== theirs) return false;
    }
  }
  return true;
}

const table = new URL("../../shared/data/link_walkers.csv", import.meta.url);
if (existsSync(table)) {
  const frames = readFrames(table);
  const parameters = { searchRange: { y: 5, x: 5 }, memory: 3 };
  const start = performance.now();
  linkAll(frames, parameters);
  const cold = performance.now() - start;
  if (!isSamePartition(frames)) throw new Error("link_walkers: the partition differs from trackpy's");
  const times = [];
  for (let run = 0; run < runs; run++) {
    const before = performance.now();
    linkAll(frames, parameters);
    times.push(performance.now() - before);
  }
  const count = frames.reduce((sum, frame) => sum + frame.y.length, 0);
  console.log(`link/walkers/${count}: ${spread(times)}, first run ${cold.toFixed(1)} ms; partition equal to trackpy's`);
} else {
  console.log("link/walkers: skipped, ../shared/data/link_walkers.csv is not there");
}

/** Random walkers in a square; `spacing` is the mean distance of neighbours over the search range. */
function walkers(seed, count, spacing, frameCount) {
  const next = seeded(seed);
  const range = 5;
  const step = 1.2;
  const edge = Math.sqrt(count) * spacing * range;
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const y = Float64Array.from({ length: count }, () => next() * edge);
  const x = Float64Array.from({ length: count }, () => next() * edge);
  const frames = [];
  for (let frame = 0; frame < frameCount; frame++) {
    const kept = [];
    for (let i = 0; i < count; i++) {
      y[i] += step * normal();
      x[i] += step * normal();
      if (next() > 0.02) kept.push(i);
    }
    for (let i = kept.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [kept[i], kept[j]] = [kept[j], kept[i]];
    }
    frames.push({
      frame,
      y: Float64Array.from(kept, (i) => y[i]),
      x: Float64Array.from(kept, (i) => x[i]),
      truth: kept,
    });
  }
  return frames;
}

const scenes = [
  { name: "sparse", spacing: 3, atLeast: 0.97 },
  { name: "moderate", spacing: 1.5, atLeast: 0.9 },
  { name: "dense", spacing: 0.8, atLeast: 0.6 },
];
for (const { name, spacing, atLeast } of scenes) {
  const frames = walkers(7, points, spacing, 12);
  const linker = createLinker({ searchRange: { y: 5, x: 5 }, memory: 2 });
  const lastId = new Map();
  const times = [];
  let right = 0;
  let possible = 0;
  let memory = 0;
  for (const { frame, y, x, truth } of frames) {
    const ids = new Float64Array(y.length);
    const start = performance.now();
    linker.link(frame, y.length, y, 0, x, 0, ids, 0);
    if (frame > 0) times.push(performance.now() - start);
    for (const [i, walker] of truth.entries()) {
      if (lastId.has(walker)) {
        possible++;
        if (lastId.get(walker) === ids[i]) right++;
      }
      lastId.set(walker, ids[i]);
    }
    memory = process.memoryUsage().arrayBuffers;
  }
  const share = right / possible;
  const summary = linker.summary();
  if (share < atLeast) throw new Error(`link/${name}: only ${(100 * share).toFixed(2)} % of the true links were found`);
  console.log(
    `link/${name}/${points}: ${spread(times)} a frame; ${(100 * share).toFixed(2)} % of the true links, ` +
      `largest subnet ${summary.largestSubnet}, degraded ${summary.degradedSubnets}, ` +
      `arrays ${(memory / 2 ** 20).toFixed(0)} MiB`,
  );
}

{
  // A long run of few beads: time a frame, and arrays after half of the frames and after all of them (run with --expose-gc).
  const frameCount = Number(process.env.BENCH_FRAMES ?? 200_000);
  const next = seeded(3);
  const y = Float64Array.from({ length: 20 }, (_, i) => 50 * i);
  const x = new Float64Array(20);
  const ids = new Float64Array(20);
  const linker = createLinker({ searchRange: { y: 5, x: 5 }, memory: 3 });
  const arrays = () => {
    globalThis.gc?.();
    return process.memoryUsage().arrayBuffers;
  };
  let early = 0;
  const start = performance.now();
  for (let frame = 0; frame < frameCount; frame++) {
    for (let i = 0; i < 20; i++) {
      y[i] += next() - 0.5;
      x[i] += next() - 0.5;
    }
    linker.link(frame, 20, y, 0, x, 0, ids, 0);
    if (frame === Math.floor(frameCount / 2)) early = arrays();
  }
  const microseconds = ((performance.now() - start) * 1000) / frameCount;
  const { tracks, links } = linker.summary();
  if (tracks !== 20 || links !== 20 * (frameCount - 1)) throw new Error(`link/beads: ${tracks} tracks, ${links} links`);
  const kib = (bytes) => (bytes / 1024).toFixed(0);
  console.log(
    `link/beads/20x${frameCount}: ${microseconds.toFixed(2)} us a frame; ` +
      `arrays ${kib(early)} KiB after half of the frames, ${kib(arrays())} KiB after all`,
  );
}
