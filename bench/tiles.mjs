// Times how long one frame takes with a team of two workers on its tiles, beside one worker on the whole frame, turn by turn;
// the tables are compared byte for byte before anything is timed.
// node bench/tiles.mjs [runs]   needs `npm run build`

import { existsSync, readFileSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { decode } from "tiff";
import { kernelStaticBytes, loadKernels } from "../dist/core/kernels/load-kernels.js";
import { RunControl, runControlWords } from "../dist/core/memory/run-control.js";
import { joinTeam, soloTeam, teamWords } from "../dist/core/memory/team.js";
import { detectionCapacity, detectionColumns } from "../dist/core/model/detection.js";
import { createLocator, locatorScratchBytes } from "../dist/core/tracking/locate/locator.js";
import { resolveLocateParameters } from "../dist/core/tracking/locate/parameters.js";

const asked = 0.6;
const both = (value) => ({ y: value, x: value });
const shape = { height: 2048, width: 2048 };
const format = "uint16";
const params = resolveLocateParameters({ diameter: both(21), separation: both(18), minMass: 100, percentile: 14 });
const tile = { height: 256, width: 256, overlap: 32 };
const capacity = detectionCapacity(shape, params.separation);
const noWork = () => {};

function join(plan, member) {
  const words = new Int32Array(plan.words);
  const control = new RunControl(
    words.subarray(teamWords(plan.workers) + 16, teamWords(plan.workers) + 16 + runControlWords),
  );
  const team = joinTeam(words, member, plan.workers, control);
  const locator = createLocator({
    kernels: loadKernels(plan.memory),
    memory: plan.memory,
    scratchOffset: plan.own[member],
    shape,
    format,
    params,
    team: { team, tile, scratchOffset: plan.team },
  });
  const isOver = () => Atomics.load(words, teamWords(plan.workers));
  return {
    /** One frame with all others; false when there are no more. */
    work(outOffset) {
      if (team.share(0, noWork, isOver) === 1) return -1;
      return locator.locate(plan.frame, shape.width * 2, outOffset, capacity);
    },
    end() {
      Atomics.store(words, teamWords(plan.workers), 1);
      team.share(0, noWork, isOver);
    },
  };
}

if (isMainThread) await compare(Number(process.argv[2] ?? process.env.MOTE_BENCH_RUNS ?? 41));
else {
  const { work } = join(workerData, workerData.member);
  while (work(workerData.out) >= 0);
}

function beads() {
  const file = new URL("../../shared/data/beads_2048.tif", import.meta.url);
  if (existsSync(file)) return decode(readFileSync(file), { pages: [0] })[0].data;
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const pixels = Uint16Array.from({ length: shape.height * shape.width }, () => 200 + 28 * (random() + random() - 1));
  for (let bead = 0; bead < 4000; bead++) {
    const [y, x] = [14 + random() * (shape.height - 28), 14 + random() * (shape.width - 28)];
    for (let j = Math.ceil(y - 13); j < y + 13; j++) {
      for (let i = Math.ceil(x - 13); i < x + 13; i++) {
        pixels[j * shape.width + i] += 2000 * Math.exp(-((j - y) ** 2 + (i - x) ** 2) / 32);
      }
    }
  }
  return pixels;
}

async function compare(runs) {
  const workers = 2;
  const align = (offset) => Math.ceil(offset / 64) * 64;
  let end = kernelStaticBytes;
  const take = (bytes) => {
    const at = align(end);
    end = at + bytes;
    return at;
  };
  const alone = locatorScratchBytes(shape, format, params);
  const shared = locatorScratchBytes(shape, format, params, { tile, workers });
  const inTiles = locatorScratchBytes(shape, format, params, { tile, workers: 1 });
  const tableBytes = capacity * detectionColumns.length * 8;
  const places = {
    own: [take(shared.own), take(shared.own)],
    team: take(shared.team),
    alone: take(alone.own),
    tilesOwn: take(inTiles.own),
    tilesTeam: take(inTiles.team),
    frame: take(shape.height * shape.width * 2 + 64),
  };
  const out = [take(tableBytes), take(tableBytes), take(tableBytes)];
  const pages = Math.ceil(end / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint16Array(memory.buffer, places.frame).set(beads());
  const words = new SharedArrayBuffer((teamWords(workers) + 32) * 4);
  const plan = { ...places, memory, words, workers, out: out[1] };
  const mate = new Worker(new URL(import.meta.url), { workerData: { ...plan, member: 1 } });
  const setup = { kernels: loadKernels(memory), memory, shape, format, params };
  const whole = createLocator({ ...setup, scratchOffset: places.alone });
  const tiled = createLocator({
    ...setup,
    scratchOffset: places.tilesOwn,
    team: { team: soloTeam, tile, scratchOffset: places.tilesTeam },
  });
  const team = join(plan, 0);
  const ways = [
    () => whole.locate(places.frame, shape.width * 2, out[0], capacity),
    () => team.work(out[1]),
    () => tiled.locate(places.frame, shape.width * 2, out[2], capacity),
  ];
  const rows = ways.map((way) => way());
  const tables = out.map((at, way) => Buffer.from(memory.buffer, at, rows[way] * detectionColumns.length * 8));
  for (const table of tables) if (!table.equals(tables[0])) throw new Error("tiles gave another table");

  const times = ways.map(() => []);
  const ratios = [];
  for (let run = 0; run < runs; run++) {
    for (const [way, work] of ways.entries()) {
      const start = performance.now();
      work();
      times[way].push(performance.now() - start);
    }
    ratios.push(times[1].at(-1) / times[0].at(-1));
  }
  team.end();
  await new Promise((resolve) => mate.once("exit", resolve));
  const sorted = (list) => [...list].sort((a, b) => a - b);
  const describe = (list) =>
    `median ${sorted(list)[list.length >> 1].toFixed(2)} ms, minimum ${sorted(list)[0].toFixed(2)} ms`;
  const name = `tiles/${format}/${shape.height}x${shape.width}`;
  console.log(`${name}: ${rows[0]} features, the same bytes three ways`);
  console.log(`  whole frame, 1 worker: ${describe(times[0])}`);
  console.log(`  tiles of ${tile.width}x${tile.height}, 1 worker: ${describe(times[2])}`);
  console.log(`  tiles of ${tile.width}x${tile.height}, ${workers} workers: ${describe(times[1])}`);
  const best = sorted(times[1])[0] / sorted(times[0])[0];
  console.log(
    `  latency, ${workers} workers to 1: median ratio ${sorted(ratios)[runs >> 1].toFixed(3)}, of the minima ${best.toFixed(3)} (asked: at most ${asked})`,
  );
}
