// What --sync costs: frames a second into one container, each plan of syncs in turns, on a real disk (the temporary folder's,
// or MOTE_BENCH_FOLDER), where the kernel's work on a sync is the measure. By the library alone, in one thread: the sync
// is not hidden behind other stages. Every count is checked before a figure counts: all frames durable.
// node bench/sync.mjs [.mote .h5 .tif .ome.zarr]; MOTE_BENCH_FRAMES, MOTE_BENCH_RUNS, MOTE_BENCH_EDGE change it.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Frame } from "../dist/core/memory/frame.js";
import { slotLayout } from "../dist/core/memory/slot-layout.js";
import { openClaimedStore } from "../dist/core/storage/archive/claimed-store.js";
import { StoreSet } from "../dist/core/storage/archive/store-set.js";
import { containerFor } from "../dist/core/storage/container-for.js";
import { epochNow, msSince, now } from "../dist/core/time.js";

const frames = Number(process.env.MOTE_BENCH_FRAMES ?? 60);
const runs = Number(process.env.MOTE_BENCH_RUNS ?? 3);
const edge = Number(process.env.MOTE_BENCH_EDGE ?? 2048);
const asked = process.argv.slice(2);
const kinds = asked.length > 0 ? asked : [".mote", ".h5", ".tif", ".ome.zarr"];
const plans = { close: "close", "200ms": { withinMs: 200 }, frame: "frame" };
const folder = mkdtempSync(join(process.env.MOTE_BENCH_FOLDER ?? tmpdir(), "mote-bench-sync-"));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const geometry = { pixelFormat: "uint16", pixelBytes: edge * edge * 2, detectionRows: 0, detectionColumns: 0 };
const frame = new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
const descriptor = {
  ...{ pixelFormat: "uint16", shape: { height: edge, width: edge }, bitDepth: 12, hasFrames: true, detections: null },
  ...{ isLinked: false, pixelSizeUm: null, rateHz: null, frameCount: frames, isLive: false, source: {} },
  ...{ calibration: null, producedBy: [] },
};
const never = () => false;
const context = {
  ...{ input: descriptor, clock: { now, nowNs: epochNow, sleepMs() {} }, isDraining: never, isStopped: never },
  ...{ isAborted: never, foreseeFullDisk() {}, endRun() {}, stopQuietly() {}, warn: (text) => console.error(text) },
};

/** Noise of a camera's depth, so that what compresses has its usual work. */
function fill(number) {
  let state = number + 1;
  for (let at = 0; at < frame.pixels.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    frame.pixels[at] = 200 + (state >>> 27);
  }
}

async function time(kind, plan) {
  const path = join(folder, `run${kind}`);
  const where = `bench, ${path}`;
  const request = { path, where, what: "bench", isForced: false, descriptor, geometry, isSynced: plan !== "close" };
  let durable = 0;
  const onDurable = (_, count) => {
    durable += count;
  };
  let startedAt = performance.now();
  const store = await openClaimedStore(request);
  const disk = { policy: "stop", minFreeBytes: 0, isChosen: true };
  const stores = new StoreSet([{ path, store, keepsFrames: true }], disk, context, { plan, onDurable });
  let filledMs = 0;
  for (let number = 0; number < frames; number++) {
    const before = performance.now();
    frame.header.reset("uint16", edge, edge, edge * 2, 12);
    frame.header.frameNumber = number;
    if (number === 0) fill(number);
    frame.pixels[number] ^= 1;
    frame.pixelsCrc32 = -1;
    frame.rowCount = -1;
    filledMs += performance.now() - before;
    await stores.append([frame]);
    const due = stores.commit.dueAt();
    if (due !== undefined && msSince(due) >= 0) await stores.commit.sync();
  }
  await stores.close({ isComplete: true, lost: 0, stages: [] });
  startedAt += filledMs;
  const ms = performance.now() - startedAt;
  if (durable !== frames) throw new Error(`${durable} of ${frames} frames are durable`);
  rmSync(path, { recursive: true });
  return { rate: (frames / ms) * 1000, ...stores.commit.counts };
}

console.log(
  `${frames} frames of ${edge}x${edge} uint16, median of ${runs}; ${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`,
);
try {
  for (const kind of kinds) {
    const container = containerFor("bench", `run${kind}`);
    const found = Object.fromEntries(Object.keys(plans).map((name) => [name, []]));
    for (let run = 0; run < runs; run++) {
      for (const [name, plan] of Object.entries(plans)) {
        if (name === "close" || !container.closedOnly?.({})) found[name].push(await time(kind, plan));
      }
    }
    const base = median(found.close.map(({ rate }) => rate));
    for (const [name, times] of Object.entries(found)) {
      if (times.length === 0) {
        console.log(`sync/${kind} ${name}: none, durable once it is closed`);
        continue;
      }
      const rate = median(times.map((one) => one.rate));
      const [syncs, longest] = [median(times.map((one) => one.syncs)), median(times.map((one) => one.longestMs))];
      const told = name === "close" ? "" : `, ${syncs} syncs, longest ${longest} ms, ratio ${(rate / base).toFixed(2)}`;
      console.log(`sync/${kind} ${name}: ${rate.toFixed(1)} frames/s${told}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
