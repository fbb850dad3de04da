/** `archive --preset tweezer`: the files, names and columns that the optical tweezer's camera system documents. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { archivePresets } from "../../src/commands/archive-presets.js";
import { python, testWithPython } from "../judges.js";
import { openShell, type Shell } from "./shell.js";

const frames = [0, 1, 2, 3, 4];
const names = [
  ...frames.map((frame) => `run_001_frame_00000${frame}.tiff`),
  "tracking_run_001.h5",
  "tracks_run_001.csv",
];
const header = "frame,particle_id,x,y,mass,ecc,size,signal,timestamp";

interface Recording {
  readonly shell: Shell;
  /** The folder of the day under `recordings`. */
  readonly day: string;
}

/** A tracked recording, `tracked.mote`, and what the preset makes of it. */
async function record(): Promise<Recording> {
  const shell = openShell("tweezer");
  const camera = "acquire --camera sim --frames 5 --size 160x128 --beads 6 --pixel-size 0.1um";
  const track = "track --preset tweezer --minmass 1000";
  const recorded = await shell.mote(`run ${camera} then ${track} then archive --out tracked.mote`);
  expect(recorded).toMatchObject({ code: 0 });
  for (const name of ["recordings", "others"]) mkdirSync(join(shell.folder, name));
  const line = "archive --preset tweezer --root recordings --input tracked.mote";
  expect(await shell.mote(line)).toMatchObject({ code: 0, out: "" });
  const days = readdirSync(join(shell.folder, "recordings"));
  expect(days).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
  return { shell, day: join("recordings", days[0]!) };
}

/** Made once, for all tests to look at. */
const recording = record();

test("the files of a run have the documented names, one number for all, and each is right as far as it can be checked", async () => {
  const { shell, day } = await recording;
  const folder = join(shell.folder, day);
  const made = readdirSync(folder).filter((file) => file.includes("run_001") && !file.endsWith(".ndjson"));
  expect(made.sort()).toEqual(names);
  expect(readFileSync(join(folder, "tracks_run_001.csv"), "latin1").split("\n")[0]).toBe(header);
  const paths = ["", ...names].map((file) => join(day, file));
  const { code, out } = await shell.mote(["verify", ...paths, "--json"]);
  expect(code).toBe(0);
  const { files } = JSON.parse(out) as { files: { file: string; verdict: string }[] };
  expect(files.map(({ file, verdict }) => [file, verdict])).toEqual(
    paths.map((file) => [file, file === day || file.endsWith(".tiff") ? "whole" : "unchecked"]),
  );
});

testWithPython(
  "h5py, tifffile, pandas and csv read what the documentation shows (skipped: needs MOTE_PYTHON)",
  async () => {
    const { shell, day } = await recording;
    const plain = await shell.mote("archive --out plain.h5 --out plain.csv --input tracked.mote");
    expect(plain).toMatchObject({ code: 0 });
    const script = join(shell.folder, "judge.py");
    writeFileSync(
      script,
      `import csv, json, sys
from datetime import datetime
import h5py, hdf5plugin, numpy as np, pandas as pd, tifffile
folder = sys.argv[1]
plain = h5py.File("plain.h5")
archive = h5py.File(folder + "tracking_run_001.h5")
told = {"groups": sorted(archive), "metadata": sorted(archive["metadata"].attrs), "texts": {}, "frames": []}
for name in ("acquisition_params", "tracking_config", "system_info", "processing_metrics"):
    told["texts"][name] = sorted(json.loads(archive["metadata"].attrs[name]))
for k in range(5):
    stored = plain["images/frames"][k]
    name = "frame_%06d" % k
    image, table = archive["images/" + name], archive["tracks/" + name]
    mine = plain["tracks/frame"][:] == k
    with tifffile.TiffFile(folder + "run_001_" + name + ".tiff") as file:
        page = file.pages[0]
        told["frames"].append({
            "image": [str(image.dtype), bool((image[:] == stored).all()), image._filters],
            "table": [[n, str(table.dtype[n])] for n in table.dtype.names],
            "rows": [len(table), all((table[n] == plain["tracks/" + n][:][mine].astype("f4")).all() for n in table.dtype.names)],
            "tiff": [str(page.dtype), bool((page.asarray() == stored).all()), page.compression.name, len(file.pages)],
            "software": page.software,
            "pixels per cm": page.resolution[0], "unit": page.resolutionunit.name,
            "number": json.loads(page.description)["frame_number"],
            "time": datetime.fromisoformat(page.tags["DateTime"].value).timestamp() * 1e9 - int(plain["images/captured_at_ns"][k]),
            "tifffile": page.datetime.isoformat() == page.tags["DateTime"].value.replace(".000000", ""),
        })
tracks, every = pd.read_csv(folder + "tracks_run_001.csv"), pd.read_csv("plain.csv")
told["columns"] = list(tracks.columns)
told["same"] = bool(tracks.equals(every[tracks.columns]))
told["linked"] = int(tracks.particle_id.nunique())
with open(folder + "tracks_run_001.csv", newline="") as file:
    told["csv"] = [len(row) for row in csv.reader(file)]
print(json.dumps(told))`,
    );
    const judged = await shell.run(`${python} ${script} ${day}/`);
    expect(judged.err).toBe("");
    const told = JSON.parse(judged.out);
    expect(told.groups).toEqual(["images", "metadata", "tracks"]);
    const texts = ["acquisition_params", "processing_metrics", "system_info", "tracking_config"];
    expect(told.metadata).toEqual(expect.arrayContaining(texts));
    expect(told.texts.acquisition_params).toContain("pixelSizeUm");
    expect(told.texts.tracking_config).toContain("diameter");
    expect(told.texts.system_info).toContain("cpu");
    expect(told.texts.processing_metrics).toContain("framesStored");
    const columns = ["x", "y", "mass", "ecc", "size", "signal"];
    for (const [number, frame] of told.frames.entries()) {
      expect(frame).toMatchObject({
        image: ["uint16", true, { 32015: [3] }],
        table: columns.map((name) => [name, "float32"]),
        rows: [expect.any(Number), true],
        tiff: ["uint16", true, "LZW", 1],
        software: expect.stringMatching(/^mote \d/),
        "pixels per cm": 100_000,
        unit: "CENTIMETER",
        number,
        tifffile: true,
      });
      // A float64 of seconds is good to 0.24 us.
      expect(Math.abs(frame.time)).toBeLessThan(1000);
      expect(frame.rows[0]).toBeGreaterThan(0);
    }
    expect(told.columns.join(",")).toBe(header);
    expect(told.same).toBe(true);
    expect(told.linked).toBeGreaterThan(1);
    expect(new Set(told.csv)).toEqual(new Set([9]));
  },
);

test("mote recover and acquire take the preset's recording; its tables give back what they have", async () => {
  const { shell, day } = await recording;
  const archive = join(day, "tracking_run_001.h5");
  const recovered = await shell.mote(["recover", archive, "--out", "again.h5"]);
  expect(recovered).toMatchObject({ code: 0 });
  expect(recovered.out).toContain("its tables have no raw_mass, ep, particle_id: they stay empty");
  expect(await shell.mote(["acquire", "again.h5", "--output", "again.mote"])).toMatchObject({ code: 0 });
  expect(await shell.mote(["acquire", archive, "--output", "first.mote"])).toMatchObject({ code: 0 });
  const frame = async (file: string) => JSON.parse((await shell.mote(["inspect", file, "--json"])).out).frames;
  expect([await frame("again.mote"), await frame("first.mote")]).toEqual([5, 5]);
});

test("options given beside the preset win; a file that is not written needs none of its values", async () => {
  const { shell, day } = await recording;
  const line = "archive --preset tweezer --root others --out .csv --csv-columns y,x,frame --input tracked.mote";
  expect(await shell.mote(line)).toMatchObject({ code: 0 });
  const folder = join(shell.folder, day.replace("recordings", "others"));
  expect(readdirSync(folder)).toEqual(["tracks_run_001.csv"]);
  expect(readFileSync(join(folder, "tracks_run_001.csv"), "latin1")).toMatch(/^y,x,frame\n/);
});

test("the preset is values of options that can be given by themselves, with the same result", async () => {
  const { shell, day } = await recording;
  const words = Object.entries(archivePresets.tweezer).flatMap(([option, value]) => {
    const name = `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (option === "out") return (value as readonly string[]).flatMap((kind) => [name, kind]);
    return [name, String(value)];
  });
  const line = ["archive", ...words, "--root", "recordings", "--input", "tracked.mote"];
  expect(await shell.mote(line)).toMatchObject({ code: 0 });
  // Each frame names its run's journal, which has the run's number in it.
  const read = (file: string) =>
    Buffer.from(
      readFileSync(join(shell.folder, day, file), "latin1").replace("run_002_frame_N", "run_001_frame_N"),
      "latin1",
    );
  for (const file of names.filter((one) => !one.endsWith(".h5"))) {
    expect(read(file).equals(read(file.replace("run_001", "run_002"))), file).toBe(true);
  }
});

test.each([
  ["--preset tweezer", "--preset tweezer: its files are named by --root, and there is none"],
  ["--preset tweezer --root . --hdf5-layout stack", "--hdf5-track-type: means nothing without --hdf5-layout per-frame"],
  ["--out a.h5 --hdf5-track-columns x,y", "--hdf5-track-columns: means nothing without --hdf5-layout per-frame"],
  ["--out a.h5 --hdf5-layout per-frame --hdf5-track-columns x", "each once, x and y among them, got x"],
  ["--out a.csv --hdf5-layout per-frame --hdf5-track-type float32", "--hdf5-track-type: no --out is an .h5"],
  ["--out a.h5 --csv-columns frame,x,y", "--csv-columns: no --out is a .csv"],
  ["--out a.csv --csv-columns frame,x,y,x", "got frame,x,y,x"],
  ["--out a.csv --csv-columns frame,x,y,colour", "got frame,x,y,colour"],
  ["--out a.csv --csv-columns frame,x,y,flags", "--csv-columns: this stream has no column flags"],
  ["--out a.csv --tiff-date-time iso8601", "--tiff-date-time: no --out is a TIFF"],
  ["--out a.csv --tiff-compression lzw --tiff-predictor", "--tiff-compression: no --out is a TIFF"],
  ["--out a.tif --tiff-predictor", "--tiff-predictor: means nothing without --tiff-compression lzw or deflate or zstd"],
  ["--out a.csv --split 10frames", "--split: no --out is an .h5"],
  ["--out a.h5 --split 1MB", "--split 1.0 MB: has no room for a frame, expected at least 2.0 MB"],
  ["--out a.h5 --zarr-shard 4", "--zarr-shard: no --out is a .zarr"],
  ["--out a.ome.zarr --zarr-levels 8", "--zarr-levels 8: frames of 32x32 are down to one pixel at level 6"],
  ["--out a.csv --run 2", "--run: no --out is a folder"],
  ["--out tifs/ --run 2", "--run: the name template has no {run}"],
  ["--out .tif/", "--out .tif/: names no folder"],
])("archive %s is refused before anything is opened", async (options, reason) => {
  const shell = openShell("tweezer-refused");
  const line = `run acquire --camera sim --frames 1 --size 32x32 then track --diameter 5 then archive ${options}`;
  const { code, err } = await shell.mote(line);
  expect(code).toBe(2);
  expect(err).toContain(reason);
  expect(readdirSync(shell.folder)).toEqual([]);
});
