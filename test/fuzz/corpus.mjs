/** Valid inputs of every format, which the mutations start from: made by Mote itself, and small files of other programs. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { crc32 } from "node:zlib";

export const mote = resolve("bin/mote.js");
const foreign = resolve("../shared/cases/formats");
const mostForeignBytes = 100_000;

const archiveCommands = ["acquire", "inspect", "verify", "recover"];
const tableCommands = ["inspect", "verify", "recover", "link"];

const camera = ["acquire", "--camera", "sim", "--size", "24x20", "--beads", "2", "--frames", "5", "--seed", "3"];
const tracking = ["track", "--diameter", "5", "--minmass", "10", "--search-range", "3", "--workers", "1"];

/** Format, name and how `mote archive` is asked for it; `isTracked` when there are particles in it. */
const own = [
  { format: "mote", name: "frames.mote" },
  { format: "mote", name: "tracked.mote", isTracked: true },
  { format: "hdf5", name: "stack.h5", isTracked: true },
  {
    format: "hdf5",
    name: "per-frame.h5",
    isTracked: true,
    options: ["--hdf5-layout", "per-frame", "--hdf5-filter", "gzip"],
  },
  { format: "hdf5", name: "plain.h5", options: ["--hdf5-filter", "none"] },
  { format: "tiff", name: "plain.tif" },
  { format: "tiff", name: "lzw.tif", options: ["--tiff-compression", "lzw", "--tiff-predictor"] },
  { format: "tiff", name: "deflate.ome.tif", options: ["--tiff-compression", "deflate"] },
  { format: "zarr", name: "blosc.ome.zarr", isTracked: true },
  {
    format: "zarr",
    name: "shards.ome.zarr",
    options: ["--zarr-shard", "2", "--zarr-codec", "zstd", "--zarr-levels", "2"],
  },
  { format: "csv", name: "tracks.csv", isTracked: true },
  { format: "parquet", name: "tracks.parquet", isTracked: true },
  { format: "ndjson", name: "tracks.ndjson", isTracked: true },
  { format: "arrow", name: "tracks.arrow", isTracked: true },
  { format: "arrow", name: "frames.arrows" },
];

/** An image of 24 x 20 pixels, 8 bits, not interlaced. */
function png() {
  const ihdr = Buffer.from([0, 0, 0, 24, 0, 0, 0, 20, 8, 0, 0, 0, 0]);
  // zlib with one stored block.
  const rows = Buffer.alloc(20 * 25);
  for (let at = 0; at < rows.length; at++) rows[at] = at % 25 === 0 ? 0 : at;
  const stored = Buffer.from([
    0x78,
    1,
    1,
    rows.length & 255,
    rows.length >> 8,
    ~rows.length & 255,
    (~rows.length >> 8) & 255,
  ]);
  let [a, b] = [1, 0];
  for (const byte of rows) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const idat = Buffer.concat([stored, rows, Buffer.from([b >> 8, b & 255, a >> 8, a & 255])]);
  const chunk = (type, data) => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    const body = Buffer.concat([Buffer.from(type), data]);
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", ihdr), chunk("IDAT", idat), chunk("IEND", Buffer.alloc(0))]);
}

const runFile = {
  version: 1,
  stages: [
    { stage: "acquire", camera: "sim", size: "24x20", beads: 2, frames: 4, seed: 3 },
    { stage: "track", diameter: 5, searchRange: 3, workers: 1 },
    { stage: "archive", out: ["out.csv", "out.h5"], minFree: 0 },
  ],
};
const config = { camera: "sim", size: "24x20", beads: 2, frames: 4, seed: 3, "bit-depth": 12, fps: 100 };

/** Makes a file; one that is there from the last time is taken as it is. */
function make(path, ...words) {
  if (existsSync(path)) return;
  execFileSync(process.execPath, [mote, ...words], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Makes them in `folder`; each has a format, a path and the commands that may get it. */
export function makeCorpus(folder) {
  mkdirSync(folder, { recursive: true });
  const entries = [];
  const add = (format, path, commands) => entries.push({ format, path, commands });
  for (const { format, name, isTracked, options = [] } of own) {
    const path = join(folder, name);
    const middle = isTracked ? [...tracking, "then"] : [];
    make(path, "run", "--quiet", ...camera, "then", ...middle, "archive", "--out", path, "--min-free", "0", ...options);
    const isTable = ["csv", "parquet", "ndjson"].includes(format) || (format === "arrow" && isTracked);
    const commands = isTable ? (format === "ndjson" ? tableCommands.slice(0, 3) : tableCommands) : archiveCommands;
    add(format, path, commands);
  }
  const frames = join(folder, "frames.mote");
  make(join(folder, "jxl"), "compress", "--quiet", "--out", join(folder, "jxl"), "--input", frames);
  add("jxl folder", join(folder, "jxl"), ["acquire", "verify", "recover"]);
  copyFileSync(
    join(
      folder,
      "jxl",
      readdirSync(join(folder, "jxl")).find((name) => name.endsWith(".jxl")),
    ),
    join(folder, "one.jxl"),
  );
  add("jxl", join(folder, "one.jxl"), ["acquire", "inspect", "verify"]);
  make(join(folder, "tiffs"), "archive", "--quiet", "--out", `${join(folder, "tiffs")}/`, "--input", frames);
  add("tiff folder", join(folder, "tiffs"), ["acquire", "verify", "recover"]);
  writeFileSync(join(folder, "image.png"), png());
  add("png", join(folder, "image.png"), ["acquire", "inspect", "verify"]);
  writeFileSync(join(folder, "run.json"), JSON.stringify(runFile));
  add("run file", join(folder, "run.json"), ["run"]);
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  add("config", join(folder, "config.json"), ["config"]);
  for (const path of foreignFiles())
    add(
      formatOf[extname(path)],
      path,
      archiveCommands.filter((command) => !/png|jxl/.test(path) || command !== "recover"),
    );
  return entries;
}

const formatOf = { ".tif": "tiff", ".stk": "tiff", ".h5": "hdf5", ".png": "png", ".jxl": "jxl" };

function foreignFiles() {
  if (!existsSync(foreign)) return [];
  return readdirSync(foreign)
    .filter((name) => extname(name) in formatOf)
    .map((name) => join(foreign, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= mostForeignBytes);
}

/** Pairs of format and command, each with the inputs it starts from. */
export function cellsOf(entries) {
  const cells = new Map();
  for (const { format, path, commands } of entries) {
    for (const command of commands) {
      const key = `${command} ${format}`;
      if (!cells.has(key)) cells.set(key, { key, format, command, paths: [] });
      cells.get(key).paths.push(path);
    }
  }
  return [...cells.values()];
}
