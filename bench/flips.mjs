// What `mote verify` notices of a single flipped bit: for every format a recording, and one seeded flip after the other in its
// pixels and elsewhere (structure, metadata, tables). Writes the table between the markers in docs/formats.md with --write.
// node bench/flips.mjs [--write] [--flips 200] [--seed 1] [--formats .h5,.csv] [--missed]
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { readChunkTable } from "../dist/core/imaging/tiff/page.js";
import { formatOf } from "../dist/core/storage/archive-formats.js";
import { readChunkMap } from "../dist/core/storage/formats/h5/chunk-map.js";
import { surveyChain } from "../dist/core/storage/formats/tiff/page-survey.js";
import { openFileSource } from "../dist/core/storage/read/file-source.js";
import { exitCodeOf } from "../dist/core/storage/verify/verdict.js";
import { verifyFile } from "../dist/core/storage/verify/verify-file.js";
import { seeded } from "./random.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const mote = join(root, "bin/mote.js");

/** Where pixels are in a file, as [from, to) in bytes; the rest is structure, metadata and tables. */
const pixelsIn = {
  none: () => [],
  whole: (path) => [[0, statSync(path).size]],
  h5(path) {
    const source = openFileSource(path);
    const chunks = [...(readChunkMap(source) ?? new Map()).values()];
    source.close();
    return chunks.map(({ at, bytes }) => [at, at + bytes]);
  },
  tiff(path) {
    const source = openFileSource(path);
    const { reader, pages } = surveyChain(source);
    const ranges = pages.flatMap(({ page }) => {
      const { offsets, byteCounts } = readChunkTable(reader, page);
      return Array.from(offsets, (at, index) => [at, at + byteCounts[index]]);
    });
    source.close();
    return ranges;
  },
  mote(path) {
    const bytes = readFileSync(path);
    const ranges = [];
    for (let at = 16; at + 40 <= bytes.length && bytes.toString("latin1", at, at + 4) === "MTMS"; ) {
      const from = at + 40 + bytes.readUInt32LE(at + 8);
      const to = from + Number(bytes.readBigUInt64LE(at + 16));
      if (bytes[at + 4] === 2) ranges.push([from, to]);
      at = to;
    }
    return ranges;
  },
};

/** @type {{ name: string, file: string, words?: string[], pixels: (path: string, name: string) => number[][] }[]} */
const formats = [
  { name: ".mote", file: "run.mote", pixels: pixelsIn.mote },
  { name: ".h5", file: "run.h5", pixels: pixelsIn.h5 },
  { name: ".h5 --hdf5-filter none", file: "run.h5", words: ["--hdf5-filter", "none"], pixels: pixelsIn.h5 },
  { name: ".tif", file: "run.tif", pixels: pixelsIn.tiff },
  {
    name: ".ome.tif --tiff-compression deflate",
    file: "run.ome.tif",
    words: ["--tiff-compression", "deflate"],
    pixels: pixelsIn.tiff,
  },
  {
    name: ".ome.zarr",
    file: "run.ome.zarr",
    pixels: (path, name) => (/(^|\/)0\/c\//.test(name) ? pixelsIn.whole(path) : []),
  },
  { name: "compress", file: "jxl", pixels: (path, name) => (name.endsWith(".jxl") ? pixelsIn.whole(path) : []) },
  { name: ".parquet", file: "run.parquet", pixels: pixelsIn.none },
  { name: ".csv", file: "run.csv", pixels: pixelsIn.none },
  { name: ".ndjson", file: "run.ndjson", pixels: pixelsIn.none },
];

/** All files of a recording, whether it is one or a folder of them; the lock and other hidden names aside. */
function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."))
    .flatMap((entry) => filesOf(join(path, entry.name)));
}

function record({ file, words = [] }, folder) {
  const path = join(folder, file);
  const camera = ["acquire", "--camera", "sim", "--size", "64x64", "--beads", "4", "--frames", "12", "--seed", "3"];
  const track = ["then", "track", "--diameter", "11", "--minmass", "300", "--search-range", "5", "--workers", "1"];
  const sink = file === "jxl" ? ["then", "compress", "--out", path] : ["then", "archive", "--out", path, ...words];
  const isImages = file === "jxl" || /\.tif$/.test(file);
  const all = ["run", "--quiet", ...camera, ...(isImages ? [] : track), ...sink, "--min-free", "0"];
  const ran = spawnSync(process.execPath, [mote, ...all], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`mote ${all.join(" ")}: ${ran.stderr}`);
  return path;
}

/** Longer than any of these files takes: who is not back then would never be. */
const patienceMs = 30_000;
let worker;

/** Exit code of `mote verify`, in a thread of its own that can be ended; null when it does not come back. */
async function exitCode(path) {
  worker ??= new Worker(new URL(import.meta.url), { workerData: "verify" });
  const answer = once(worker, "message");
  worker.postMessage(path);
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs, [null]);
  });
  const [code] = await Promise.race([answer, late]);
  clearTimeout(timer);
  if (code === null) {
    await worker.terminate();
    worker = undefined;
  }
  return code;
}

/** What the command exits with, also where it refuses the file. */
async function verifyHere(path) {
  try {
    const { verdict } = await verifyFile(path, formatOf("verify", path), { sample: null });
    return exitCodeOf[verdict];
  } catch (error) {
    return error.exitCode ?? 1;
  }
}

/** Zero bytes in a row that count as room that is not used: a container keeps it for what is still to come. */
const unusedRun = 32;

/** The parts of [from, to) of these bytes that are not such room. */
function used(bytes, from, to) {
  const parts = [];
  for (let at = from; at < to; ) {
    let end = at;
    let zeros = 0;
    while (end < to && zeros < unusedRun) zeros = bytes[end++] === 0 ? zeros + 1 : 0;
    if (end - zeros > at) parts.push([at, zeros < unusedRun ? end : end - zeros]);
    while (end < to && bytes[end] === 0) end++;
    at = end;
  }
  return parts;
}

/** The places to flip: of those that are pixels, and of the others, each byte as likely as any other. */
function places(format, path) {
  const kinds = { pixels: [], others: [] };
  for (const file of filesOf(path)) {
    let at = 0;
    const name = relative(path, file);
    const bytes = readFileSync(file);
    const other = (from, to) => kinds.others.push(...used(bytes, from, to).map(([a, b]) => ({ file, from: a, to: b })));
    for (const [from, to] of format.pixels(file, name).sort((a, b) => a[0] - b[0])) {
      other(at, from);
      kinds.pixels.push({ file, from, to });
      at = to;
    }
    other(at, bytes.length);
  }
  return kinds;
}

function pick(ranges, random) {
  let left = Math.floor(random() * ranges.reduce((sum, { from, to }) => sum + to - from, 0));
  for (const { file, from, to } of ranges) {
    if (left < to - from) return { file, at: from + left };
    left -= to - from;
  }
  throw new Error("nothing to flip");
}

/** As a file of its own: the HDF5 library takes a file that it failed to close for the next one of the same inode. */
function replace(file, bytes) {
  rmSync(file);
  writeFileSync(file, bytes);
}

/** How many of `flips` flips of each kind end verify with another exit code than 0; null where there is no such byte. */
async function measure(format, { flips, seed, folder }) {
  const path = record(format, folder);
  if ((await exitCode(path)) !== 0) throw new Error(`${format.name}: not right before any flip`);
  const kinds = places(format, path);
  const random = seeded(seed);
  const result = { name: format.name, pixels: null, others: null, missed: [] };
  for (const kind of ["pixels", "others"]) {
    if (!kinds[kind].some(({ from, to }) => to > from)) continue;
    result[kind] = 0;
    for (let flip = 0; flip < flips; flip++) {
      const { file, at } = pick(kinds[kind], random);
      const bytes = readFileSync(file);
      const before = Buffer.from(bytes);
      bytes[at] ^= 1 << Math.floor(random() * 8);
      replace(file, bytes);
      const code = await exitCode(path);
      if (!code) result.missed.push(`${kind} ${relative(folder, file)} byte ${at}${code === null ? ": no end" : ""}`);
      else result[kind]++;
      replace(file, before);
    }
  }
  await worker?.terminate();
  worker = undefined;
  return result;
}

function table(results, { flips, seed }) {
  const of = (count) => (count === null ? "" : `${count} of ${flips}`);
  return [
    `| | flips in pixels | elsewhere (structure, metadata, tables) |`,
    "|---|---|---|",
    ...results.map(({ name, pixels, others }) => `| \`${name}\` | ${of(pixels)} | ${of(others)} |`),
    "",
    `Elsewhere is every byte that is not of pixels, but for room that is not used (${unusedRun} zero bytes and more in a row).`,
    `Flips that \`mote verify\` ends with another exit code than 0 for; made by \`node bench/flips.mjs --write --flips ${flips} --seed ${seed}\`.`,
  ].join("\n");
}

const begins = "<!-- flips: made by node bench/flips.mjs --write -->";
const ends = "<!-- end of flips -->";

async function main() {
  const { values } = parseArgs({
    options: {
      write: { type: "boolean", default: false },
      flips: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
      formats: { type: "string" },
      missed: { type: "boolean", default: false },
    },
  });
  if (values.write && values.formats) throw new Error("--write is for the table of all formats: leave out --formats");
  const flips = Number(values.flips);
  const seed = Number(values.seed);
  const wanted = values.formats?.split(",");
  const results = [];
  for (const format of formats.filter(({ name }) => wanted?.includes(name) ?? true)) {
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "mote-flips-"));
    try {
      const result = await measure(format, { flips, seed, folder });
      results.push(result);
      console.error(`${format.name}: ${result.pixels ?? "-"} ${result.others ?? "-"} of ${flips}`);
      if (values.missed) console.error(result.missed.join("\n"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const text = table(results, { flips, seed });
  if (!values.write) return console.log(text);
  const page = join(root, "docs/formats.md");
  const old = readFileSync(page, "utf8");
  const [from, to] = [old.indexOf(begins), old.indexOf(ends)];
  writeFileSync(page, `${old.slice(0, from + begins.length)}\n${text}\n${old.slice(to)}`);
}

if (workerData === "verify") parentPort.on("message", async (path) => parentPort.postMessage(await verifyHere(path)));
else await main();
