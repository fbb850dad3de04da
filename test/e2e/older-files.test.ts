/** Files that an older Mote wrote (fixtures/e103b62/make.sh says how), of every format: what is in them is read as it was meant. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { borrowPixels } from "../../src/core/model/pixel-format.js";
import { openImageFile } from "../../src/core/storage/read/image-formats.js";
import { openShell } from "./shell.js";

const { folder, mote } = openShell("older");
execFileSync("tar", ["-xzf", resolve("fixtures/e103b62/archives.tar.gz")], { cwd: folder });

const shape = { height: 20, width: 24 };
const pixelsOfAFrame = shape.height * shape.width;
const frameBytes = 2 * pixelsOfAFrame;
const pixels = readFileSync(join(folder, "pixels.raw"));
const rows = readFileSync(join(folder, "tracks.csv"), "utf8");

/** What `mote verify` says of each first, and what it has no checksums for. */
const verdicts = {
  "run.mote": "whole",
  "run.h5": "pixels and values not checked, the rest is right",
  "split_000.h5": "pixels and values not checked, the rest is right",
  "split_001.h5": "pixels and values not checked, the rest is right",
  "split_002.h5": "pixels and values not checked, the rest is right",
  "run.tif": "pixels and end not checked, the rest is right",
  "run.ome.tif": "pixels and end not checked, the rest is right",
  "run.ome.zarr": "values not checked, the rest is right",
  tiffs: "pixels and end not checked, the rest is right",
  jxl: "metadata not checked, the rest is right",
  "tracks.csv": "values and end not checked, the rest is right",
  "tracks.parquet": "whole",
  "tracks.ndjson": "values not checked, the rest is right",
};

for (const [name, verdict] of Object.entries(verdicts)) {
  test(`${name} of an older Mote is right, and what it has no checksums for is said`, async () => {
    const { code, out, err } = await mote(`verify ${name}`);
    expect(out.split("\n")[0]).toBe(`${name}: ${verdict}`);
    expect(err).toBe("");
    expect(code).toBe(0);
  });
}

/** The pixels of a file, frame after frame. */
async function pixelsOf(path: string): Promise<Buffer> {
  const file = await openImageFile(path);
  try {
    expect(file.facts).toMatchObject({ shape, pixelFormat: "uint16", pixelSizeUm: 0.1 });
    const all = Buffer.alloc(file.facts.frameCount * frameBytes);
    for (let frame = 0; frame < file.facts.frameCount; frame++) {
      const place = borrowPixels("uint16", new ArrayBuffer(frameBytes), 0, pixelsOfAFrame);
      await file.readFrame(frame, place, { x: 0, y: 0, ...shape });
      all.set(new Uint8Array(place.buffer), frame * frameBytes);
    }
    return all;
  } finally {
    file.close();
  }
}

for (const name of ["run.mote", "run.h5", "run.tif", "run.ome.tif", "run.ome.zarr"]) {
  test(`the frames in ${name} of an older Mote are the ones that were taken`, async () => {
    expect(await pixelsOf(join(folder, name))).toEqual(pixels);
  });
}

/** Frame number and capture time of each row. */
function timesOf(csv: string): (string | undefined)[][] {
  const [header = "", ...lines] = csv.trimEnd().split("\n");
  const wanted = ["frame", "timestamp"].map((name) => header.split(",").indexOf(name));
  return lines.map((line) => wanted.map((column) => line.split(",")[column]));
}

test("every recording of an older Mote is replayed with its pixels, numbers and capture times", async () => {
  const named = ["run.mote", "run.h5", "split.h5", "run.tif", "run.ome.tif", "run.ome.zarr", "tiffs", "jxl"];
  for (const name of named) {
    const files = name === "split.h5" ? ["split_000.h5", "split_001.h5", "split_002.h5"] : [name];
    const track = ["track", "--diameter", "5", "--search-range", "4"];
    const archive = ["archive", "--out", `${name}.csv`, "--out", `${name}.copy.mote`];
    const { code, err } = await mote(["run", "acquire", ...files, "then", ...track, "then", ...archive]);
    expect(code, err).toBe(0);
    expect(await pixelsOf(join(folder, `${name}.copy.mote`)), name).toEqual(pixels);
    const table = readFileSync(join(folder, `${name}.csv`), "utf8");
    expect(timesOf(table), name).toEqual(timesOf(rows));
  }
});

test("rows of an older Mote come out of every format with pixels as they went in", async () => {
  for (const name of ["run.mote", "run.h5", "run.ome.zarr"]) {
    const { code, err } = await mote(`recover ${name} --out of-${name}.csv`);
    expect(code, err).toBe(0);
    expect(readFileSync(join(folder, `of-${name}.csv`), "utf8"), name).toBe(rows);
  }
  const ofParts: string[] = [];
  for (const part of ["split_000", "split_001", "split_002"]) {
    const { code, err } = await mote(`recover ${part}.h5 --out of-${part}.csv`);
    expect(code, err).toBe(0);
    ofParts.push(
      ...readFileSync(join(folder, `of-${part}.csv`), "utf8")
        .trimEnd()
        .split("\n")
        .slice(1),
    );
  }
  expect(ofParts).toEqual(rows.trimEnd().split("\n").slice(1));
});

/** A table's numbers to the ten digits that text of Mote has; x and y have all of theirs. */
function numbersOf(csv: string): number[][] {
  const [header = "", ...lines] = csv.trimEnd().split("\n");
  const exact = header.split(",").map((name) => ["x", "y", "timestamp"].includes(name));
  return lines.map((line) =>
    line.split(",").map((cell, column) => (exact[column] ? Number(cell) : Number(Number(cell).toPrecision(10)))),
  );
}

test("tables of an older Mote are linked again to the rows that they had", async () => {
  for (const name of ["tracks.csv", "tracks.parquet"]) {
    const { code, err } = await mote(`link ${name} --search-range 4 --out linked.csv --force`);
    expect(code, err).toBe(0);
    const linked = readFileSync(join(folder, "linked.csv"), "utf8");
    expect(numbersOf(linked), name).toEqual(numbersOf(rows));
  }
});

test("what an older Mote wrote is inspected with its frames, rows and tracks", async () => {
  for (const name of ["tracks.csv", "tracks.parquet", "tracks.ndjson"]) {
    const { code, out } = await mote(`inspect ${name} --json`);
    expect(code).toBe(0);
    expect(JSON.parse(out), name).toMatchObject({ kind: "table", rows: 10, frames: 5, tracks: 2, isWhole: true });
  }
  const facts = {
    "run.mote": { kind: "stream", frames: 5, detections: 10, tracks: 2 },
    "run.h5": { kind: "hdf5", frames: { count: 5 }, detections: { rows: 10, tracks: 2 }, isComplete: true },
    "run.ome.zarr": { kind: "zarr", frameCount: 5, tables: { tracks: 10, ledger: 5 }, isComplete: true },
    "run.tif": { kind: "images", frameCount: 5 },
    "run.ome.tif": { kind: "images", frameCount: 5 },
  };
  for (const [name, expected] of Object.entries(facts)) {
    const { code, out } = await mote(`inspect ${name} --json`);
    expect(code).toBe(0);
    expect(JSON.parse(out), name).toMatchObject(expected);
  }
});
