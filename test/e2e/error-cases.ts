/**
 * A command line for each code of an error (docs/errors.md). `quick` ones run within this process and need no others beside
 * them; `slow` ones are lines of a real shell.
 */
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type FaultRule, faultyEnvironment } from "../faulty-files.js";
import { root } from "./shell.js";

export interface QuickCase {
  /** Lays what the command meets into its folder. */
  lay?(folder: string): void;
  /** Run before it, to their success. */
  readonly before?: readonly string[];
  readonly line: string;
}

export interface SlowCase {
  lay?(folder: string): void;
  readonly env?: Record<string, string>;
  readonly line: string;
}

const images = join(root, "fixtures/images");
const sim = "acquire --camera sim --size 32x32 --frames 3";
const archiveTo = (out: string) => `run --json ${sim} then archive --min-free 0 --out ${out}`;

/** A recording with these bytes changed: by offset. */
function layChanged(folder: string, changes: Readonly<Record<number, number>>): void {
  const bytes = readFileSync(join(root, "fixtures/beads.mote"));
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  writeFileSync(join(folder, "beads.mote"), bytes);
}

function layCut(folder: string): void {
  copyFileSync(join(root, "fixtures/beads.mote"), join(folder, "beads.mote"));
  truncateSync(join(folder, "beads.mote"), 3000);
}

/** A PNG with these bytes changed: 16 is the first of its width, 24 the bits of a sample. */
function layPng(folder: string, changes: Readonly<Record<number, number>>): void {
  const bytes = readFileSync(join(images, "grey-uint8.png"));
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  writeFileSync(join(folder, "a.png"), bytes);
}

/** The offset of the last byte of the first frame's pixels. */
function pixelByte(): number {
  const bytes = readFileSync(join(root, "fixtures/beads.mote"));
  const magic = bytes.subarray(16, 20);
  const second = bytes.indexOf(magic, bytes.indexOf(magic, 20) + 4);
  return second - 1;
}

export const quick: Readonly<Record<string, QuickCase>> = {
  "bad-option": { line: "verify --json" },
  "option-conflict": { line: "acquire --camera sim --start 4 --json --output x.mote" },
  "bad-option-file": { lay: (folder) => writeFileSync(join(folder, "run.json"), "[]"), line: "run --json run.json" },
  "bad-name": { line: archiveTo("x.xyz") },
  "stages-do-not-fit": { line: "run --json archive --out x.mote then acquire --camera sim" },
  "no-such-item": { line: `inspect --json ${root}/fixtures/beads.mote --png 99999` },
  "choice-needed": {
    before: ["1", "2"].map((run) => `${archiveTo("tifs/")} --run ${run} --name-template r_{run}_{frame:03}.tif`),
    line: "recover --json tifs",
  },
  "no-such-file": { line: "inspect --json nowhere.mote" },
  "wrong-kind-of-file": { line: "inspect --json ." },
  "exists-already": { lay: (folder) => writeFileSync(join(folder, "x.mote"), "old"), line: archiveTo("x.mote") },
  "own-input": {
    lay: (folder) => copyFileSync(join(root, "fixtures/beads.mote"), join(folder, "x.mote")),
    line: "run --json acquire x.mote then archive --force --min-free 0 --out x.mote",
  },
  "disk-full": {
    line: "run --json acquire --camera sim --size 4096x4096 --frames 1000000000 then archive --out x.mote",
  },
  "not-enough-memory": {
    line: "run --json acquire --camera sim --size 20000x20000 --frames 1 then archive --min-free 0 --out x.mote",
  },
  "wrong-format": {
    lay: (folder) => writeFileSync(join(folder, "a.png"), "no picture ".repeat(9)),
    line: "acquire a.png --json --output x.mote",
  },
  "nothing-in-it": { lay: (folder) => mkdirSync(join(folder, "empty")), line: "acquire empty --json --output x.mote" },
  "file-cut": { line: `acquire ${images}/cut.tif --json --output x.mote` },
  "file-damaged": { line: `acquire ${images}/loop.tif --json --output x.mote` },
  "checksum-mismatch": {
    lay: (folder) => layChanged(folder, { [pixelByte()]: 0xa5 }),
    line: "acquire beads.mote --json --output x.mote",
  },
  "file-too-new": {
    lay: (folder) => layChanged(folder, { 10: 2 }),
    line: "archive --input beads.mote --json --min-free 0 --out x.mote",
  },
  unsupported: { lay: (folder) => layPng(folder, { 24: 4 }), line: "acquire a.png --json --output x.mote" },
  "too-large": { lay: (folder) => layPng(folder, { 16: 64 }), line: "acquire a.png --json --output x.mote" },
  "frames-differ": {
    line: `acquire ${images}/lzw-uint8.tif ${images}/lzw-uint16.tif --json --output x.mote`,
  },
  "not-a-frame-stream": {
    lay: (folder) => writeFileSync(join(folder, "a.txt"), "frame,y,x\n0,1,2\n"),
    line: "archive --input a.txt --json --min-free 0 --out x.mote",
  },
  "stream-ended-early": { lay: layCut, line: "archive --input beads.mote --json --min-free 0 --out x.mote" },
  "stream-damaged": {
    lay: (folder) => layChanged(folder, { [pixelByte()]: 0xa5 }),
    line: "archive --input beads.mote --json --min-free 0 --out x.mote",
  },
  "too-many-features": {
    lay(folder) {
      const pixels = new Uint8Array(256 * 256).fill(100);
      writeFileSync(join(folder, "half.raw"), pixels.fill(200, pixels.length / 2));
    },
    line: "run --json acquire half.raw --size 256x256 --pixel-format uint8 then track --diameter 3 --separation 1 --no-preprocess --percentile 40 then archive --min-free 0 --out x.mote",
  },
};

const faulty = (rule: FaultRule) => faultyEnvironment([rule]);
const preload = (name: string) => pathToFileURL(join(root, "test", name)).href;
const table = (folder: string) => writeFileSync(join(folder, "in.csv"), "frame,y,x\n0,1,2\n1,1,2\n");
const link = "mote link in.csv --search-range 5 --out out.csv --json";

export const slow: Readonly<Record<string, SlowCase>> = {
  "in-use": {
    line: `mote acquire --camera sim --frames 1000000 --fps 20 --output x.mote & wait-for "the file" "test -s x.mote"; mote ${sim} --json --output x.mote --force; code=$?; kill $!; wait $!; exit $code`,
  },
  "no-permission": { lay: table, env: faulty({ call: "open", path: "out\\.csv", error: "EROFS" }), line: link },
  "name-lost": {
    line: `mote run --json acquire --camera sim --frames 1000000 --fps 20 then archive --min-free 0 --out x.mote & wait-for "the file" "test -s x.mote"; rm x.mote; wait $!`,
  },
  "io-failed": { lay: table, env: faulty({ call: "write", path: "out\\.csv", error: "EIO" }), line: link },
  "too-many-open-files": { lay: table, env: faulty({ call: "open", path: "out\\.csv", error: "EMFILE" }), line: link },
  "no-such-program": {
    line: `PATH=/nowhere ${process.execPath} ${root}/bin/mote.js run --json ${sim} then compress --out j --encoder cjxl`,
  },
  // More frames than the pipe and the slots hold: the last files are looked at, and not read, when they are replaced.
  "file-changed": {
    line: `for i in $(seq -w 200); do cp ${images}/lzw-uint8.tif $i.tif; done; mote acquire *.tif --json | { head -c 100 > /dev/null; for i in $(seq -w 100 200); do cp ${images}/lzw-uint16.tif $i.tif; done; cat > /dev/null; }`,
  },
  "no-peer": { line: `mote ${sim} --json --output unix:nobody.sock` },
  "fell-behind": {
    line: "mote run --json acquire --camera sim --size 256x256 --frames 2000 --backpressure fail then compress --effort 9 --out j",
  },
  "worker-died": {
    env: { NODE_OPTIONS: `--import=${preload("faults/dying-worker.mjs")}`, DYING_STAGE: "track", DYING_AT: "5" },
    line: "mote run --json acquire --camera sim --frames 100000 --size 64x64 then track --diameter 11 then archive --min-free 0 --out x.mote",
  },
  "not-now": {
    line: `mote run --quiet --control unix:c acquire --camera sim --size 32x32 --frames 20 --fps 10 then archive --min-free 0 --out x.mote & P=$!; wait-for "it to go" 'mote tell ./c pause'; wait-for "its source to end" 'mote tell ./c status --json | grep -q "stage.:.acquire.,.in.:20,"'; mote tell ./c mark late --json; CODE=$?; mote tell ./c resume; wait $P; exit $CODE`,
  },
  defect: { env: { NODE_OPTIONS: `--import=${preload("faults/broken-json.mjs")}` }, line: "mote schema --json" },
};
