// Frames a second of every archive format, through whole runs of the real program: frames replayed from memory (a file
// the system has cached), archive or compress on its threads, the file synced at the end. Verified before a figure counts:
// the report, and frames read back and compared by the bit. .mote beside dd with the same syncs, in turns.
// node bench/archive.mjs [mote|h5|tif|zarr|jxl|table|memory|.h5 zstd ...]; MOTE_BENCH_FRAMES, MOTE_BENCH_RUNS,
// MOTE_BENCH_EDGE change it. Files go to memory (/dev/shm), so that no disk is measured, and those of .mote and dd to the
// temporary folder's disk; MOTE_BENCH_FOLDER names one folder for all.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { archiveFormats, bytesOf, framesOf, jxlFormat, verifyWritten } from "./formats.mjs";
import { run } from "./run-stages.mjs";

const frames = Number(process.env.MOTE_BENCH_FRAMES ?? 100);
const runs = Number(process.env.MOTE_BENCH_RUNS ?? 3);
const edge = Number(process.env.MOTE_BENCH_EDGE ?? 2048);
const shared = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const folders = {
  memory: mkdtempSync(join(process.env.MOTE_BENCH_FOLDER ?? shared, "mote-bench-")),
  disk: mkdtempSync(join(process.env.MOTE_BENCH_FOLDER ?? tmpdir(), "mote-bench-")),
};
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Frames a second that the project asks for at 2048x2048 uint16 on two cores. */
const asked = {
  ".h5 bitshuffle-lz4": 40,
  ".h5 zstd": 14,
  ".tif none": 100,
  ".tif lzw": 20,
  ".tif deflate": 25,
  ".ome.zarr blosc-lz4": 50,
  ".jxl effort 1": 45,
  ".jxl effort 1 verified": 25,
};

function time(command) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn("bash", ["-c", command], { cwd: folders.disk, stdio: ["ignore", "ignore", "inherit"] });
    child.on("exit", (code) =>
      code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`${command}: exit ${code}`)),
    );
  });
}

const source = join(folders.memory, "source.tif");
const folderOf = (format) => (format.family === "mote" ? folders.disk : folders.memory);
const pathOf = (format) => join(folderOf(format), format.file);
const replay = (count) => ["acquire", source, "--loop", "0", "--frames", String(count), "then"];

/** Milliseconds of a run of `count` frames, from the first stage's opening to the last file's sync. */
async function record(format, count) {
  rmSync(pathOf(format), { recursive: true, force: true });
  const { report, samples, cpu } = await run(folderOf(format), [...replay(count), ...format.words]);
  const last = report.stages.at(-1);
  if (report.lost !== 0 || report.leakedSlots !== 0 || last.in !== count) {
    throw new Error(`${format.name}: ${last.in} of ${count} frames arrived, ${report.lost} lost`);
  }
  return { ms: report.elapsedMs, samples, cpu };
}

/** Starting threads and loading libraries is no frame's work: a long run less a short one. */
async function rate(format, count) {
  const short = await record(format, 2);
  const long = await record(format, count);
  return {
    perSecond: (1000 * (count - 2)) / (long.ms - short.ms),
    cpuMs: (1000 * (long.cpu - short.cpu)) / (count - 2),
  };
}

async function formatBench(format, sources) {
  const rates = [];
  const cpu = [];
  for (let i = 0; i < runs; i++) {
    const { perSecond, cpuMs } = await rate(format, frames);
    rates.push(perSecond);
    cpu.push(cpuMs);
  }
  const path = pathOf(format);
  await verifyWritten(path, sources, frames);
  const bytes = bytesOf(path) / frames;
  const ask = edge === 2048 && asked[format.name] ? ` (asked: ${asked[format.name]})` : "";
  console.log(
    `archive/${format.name}/uint16/${edge}x${edge}: ${median(rates).toFixed(1)} frames a second, ${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)}${ask}, processor ${median(cpu).toFixed(0)} ms a frame, ${(bytes / 1e6).toFixed(2)} MB a frame, ratio ${(sources[0].byteLength / bytes).toFixed(2)}`,
  );
  rmSync(path, { recursive: true, force: true });
}

/** The same bytes by dd, synced once at the end as .mote is. */
async function moteBesideDd(format, sources) {
  const ours = [];
  const theirs = [];
  const megabytes = (frames * sources[0].byteLength) / 1e6;
  for (let i = 0; i < runs + 2; i++) {
    ours.push(((await rate(format, frames)).perSecond * sources[0].byteLength) / 1e6);
    const part = statSync(source).size;
    const times = Math.max(1, Math.round((megabytes * 1e6) / part));
    const loop = `for i in $(seq ${times}); do cat ${source}; done | dd of=dd.out bs=8M iflag=fullblock conv=fsync status=none`;
    theirs.push((times * part) / 1e3 / (await time(`rm -f dd.out; ${loop}`)));
  }
  await verifyWritten(pathOf(format), sources, frames);
  const ratio = median(ours.map((one, i) => one / theirs[i]));
  console.log(
    `archive/.mote/uint16/${edge}x${edge}: ${(median(ours) / 1e3).toFixed(2)} GB/s, ${(median(ours) / (sources[0].byteLength / 1e6)).toFixed(0)} frames a second, dd conv=fsync ${(median(theirs) / 1e3).toFixed(2)} GB/s, ratio ${ratio.toFixed(2)} (asked: 0.8)`,
  );
  for (const name of [format.file, "dd.out"]) rmSync(join(folders.disk, name), { force: true });
}

/** Resident memory over more than 500 frames: after a fifth of the run, and at its end. */
async function memory(format, count) {
  const { samples } = await record(format, count);
  const running = samples.filter((mb) => mb > 0);
  const fifth = Math.max(1, Math.floor(running.length / 5));
  const mean = (part) => part.reduce((sum, mb) => sum + mb, 0) / part.length;
  console.log(
    `memory/${format.name}: ${count} frames of ${edge}x${edge}, resident ${mean(running.slice(fifth, 2 * fifth)).toFixed(0)} MB after a fifth, ${mean(running.slice(-fifth)).toFixed(0)} MB at the end`,
  );
  rmSync(pathOf(format), { recursive: true, force: true });
}

/** Rows a second of the tables, straight into the store: tracking would be slower than all of them. */
async function tables() {
  const { Frame } = await import("../dist/core/memory/frame.js");
  const { slotLayout } = await import("../dist/core/memory/slot-layout.js");
  const { detectionColumns } = await import("../dist/core/model/detection.js");
  const { containerFor } = await import("../dist/core/storage/container-for.js");
  const { inspectFile } = await import("../dist/core/storage/inspect-file.js");
  const rows = 1000;
  const count = 400;
  const geometry = { pixelFormat: "uint8", pixelBytes: 256, detectionRows: rows, detectionColumns: 10 };
  const frame = new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
  frame.header.reset("uint8", 16, 16, 16, 8);
  frame.rowCount = rows;
  // Every frame has other numbers, or compression would have it too easy.
  const noise = Float64Array.from({ length: 100_000 }, () => Math.random() * 2048);
  const particles = Float64Array.from({ length: rows }, (_, row) => row);
  const descriptor = {
    ...{ pixelFormat: "uint8", shape: { height: 16, width: 16 }, bitDepth: 8, hasFrames: true, isLinked: true },
    ...{ detections: { columns: detectionColumns }, pixelSizeUm: null, rateHz: null, frameCount: null, isLive: false },
    ...{ source: {}, calibration: null, producedBy: [] },
  };
  for (const extension of [".csv", ".parquet", ".ndjson"]) {
    const path = join(folders.memory, `out${extension}`);
    const open = await containerFor("bench", path).load();
    const rates = [];
    let longest = 0;
    for (let i = 0; i < runs; i++) {
      const store = await open({ path, where: "bench", descriptor, geometry, isForced: true });
      const startedAt = performance.now();
      for (let n = 0; n < count; n++) {
        const first = Math.floor(Math.random() * (noise.length - 8 * rows));
        frame.detections.set(noise.subarray(first, first + 8 * rows));
        frame.detections.set(particles, 8 * rows);
        frame.header.frameNumber = n;
        frame.header.capturedAtNs = 1_763_720_400_000_000_000n + BigInt(n) * 10_000_000n;
        const from = performance.now();
        await store.append(frame);
        longest = Math.max(longest, performance.now() - from);
      }
      await store.close({ isComplete: true, lost: 0, stages: [] });
      rates.push((rows * count) / (performance.now() - startedAt));
    }
    const { facts } = await inspectFile(path);
    if (facts.rows !== rows * count) throw new Error(`${path}: ${facts.rows} of ${rows * count} rows`);
    console.log(
      `table/${extension}/1000 rows a frame: ${median(rates).toFixed(0)} thousand rows a second, longest append ${longest.toFixed(0)} ms, ${(bytesOf(path) / rows / count).toFixed(1)} bytes a row`,
    );
    rmSync(path);
  }
}

const only = process.argv.slice(2);
const isAsked = (...names) => only.length === 0 || names.some((name) => only.includes(name));
try {
  // Twelve frames of moving beads, uncompressed: the system keeps the file in memory.
  const camera = ["--camera", "sim", "--frames", "12", "--size", `${edge}x${edge}`];
  await run(folders.memory, ["acquire", ...camera, "then", "archive", "--out", "source.tif"]);
  const { frames: sources } = await framesOf(source);

  console.log(
    `machine: ${cpus().length} processors, load average ${loadavg()[0].toFixed(1)}; frames a second are low where it is above 1`,
  );
  for (const format of [...archiveFormats, jxlFormat(1, "none"), jxlFormat(1, "all")]) {
    if (!isAsked(format.family, format.name)) continue;
    if (format.family === "mote") await moteBesideDd(format, sources);
    else await formatBench(format, sources);
  }
  if (isAsked("table")) await tables();
  if (isAsked("memory")) {
    const many = Math.max(520, frames);
    const kept = [".mote", ".h5 bitshuffle-lz4", ".tif deflate", ".ome.zarr blosc-lz4"];
    for (const format of archiveFormats.filter(({ name }) => kept.includes(name))) await memory(format, many);
  }
} finally {
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
}
