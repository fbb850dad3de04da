/** Each container on a disk that refuses a write in mid-run, beside a table on a good one, through the real command. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { faultsIn, faultyEnvironment } from "../faulty-files.js";
import { python } from "../judges.js";
import { environment, openShell, type Shell } from "./shell.js";

/** The write that fails, somewhere in the middle of the frames. */
const kinds = {
  "run.h5": 200,
  "run.mote": 10,
  "run.csv": 10,
  "run.tif": 20,
  "run.ome.tif": 30,
  "run.parquet": 100,
  "run.ndjson": 10,
  "run.ome.zarr": 300,
} as const;
const noImages = ["run.csv", "run.parquet", "run.ndjson"];

/** What another program finds: frames, or rows of the table. */
const judges: Readonly<Record<string, string>> = {
  "run.h5": `import h5py, hdf5plugin; f = h5py.File(p); n = len(f["images/frame_number"]); f["images/frames"][:n]; print(n)`,
  "run.tif": `import tifffile; print(tifffile.imread(p).reshape(-1, 64, 64).shape[0])`,
  "run.ome.tif": `import tifffile; print(len([page.asarray() for page in tifffile.TiffFile(p).pages]))`,
  "run.parquet": `import pyarrow.parquet as q; print(len(q.read_table(p)))`,
  "run.ndjson": `import json; docs = [json.loads(l) for l in open(p)]
frames = next(d["doc"]["uid"] for d in docs if d["name"] == "descriptor")
print(sum(d["name"] == "event" and d["doc"]["descriptor"] == frames for d in docs))`,
  "run.ome.zarr": `import zarr; a = zarr.open(p, mode="r")["0"]; a[:]; print(a.shape[0])`,
};
const hasPython =
  python !== undefined && spawnSync(python, ["-c", "import h5py, tifffile, pyarrow, zarr"]).status === 0;

let shell: Shell;
beforeEach(() => {
  shell = openShell("faulty");
});
afterEach(() => rmSync(shell.folder, { recursive: true, force: true }));

interface Written {
  readonly path: string;
  readonly frames: number;
  readonly rows: number;
}

async function record(name: string, error: "ENOSPC" | "EIO", onFull: string) {
  const log = join(shell.folder, "faults.log");
  // ENOSPC stays, as a full disk does; EIO comes once.
  const rule = { call: "write", path: name, from: kinds[name as keyof typeof kinds], error } as const;
  const rules = error === "EIO" ? [{ ...rule, times: 1 }] : [rule];
  const source = "acquire --camera sim --frames 16 --size 64x64 then track --diameter 11 --search-range 3";
  const sink = `archive --out ${name} --out good.csv --on-full ${onFull}`;
  const ran = await execa("mote", ["run", "--json", ...`${source} then ${sink}`.split(" ")], {
    cwd: shell.folder,
    env: { ...environment, ...faultyEnvironment(rules, log) },
    reject: false,
  });
  expect(faultsIn(log).length).toBeGreaterThan(0);
  const lines = String(ran.stderr)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const report = lines.find(({ kind }) => kind === "report") as {
    stages: { in: number; out: number; dropped: Record<string, number>; summary: { files: Written[] } }[];
  };
  const sinkReport = report.stages.at(-1)!;
  const messages = lines.flatMap(({ text }) => (typeof text === "string" ? [text] : [])).join("\n");
  return { code: ran.exitCode, messages, ...sinkReport, files: sinkReport.summary.files };
}

function judged(name: string): number | undefined {
  const script = judges[name];
  if (!script || !hasPython) return undefined;
  const ran = spawnSync(python!, ["-c", `import sys; p = sys.argv[1]\n${script}`, join(shell.folder, name)]);
  if (ran.status !== 0) throw new Error(String(ran.stderr));
  return Number(String(ran.stdout));
}

function goodFrames(): number {
  const text = readFileSync(join(shell.folder, "good.csv"), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return Number(text.trimEnd().split("\n").at(-1)!.split(",")[0]) + 1;
}

for (const name of Object.keys(kinds)) {
  test(`${name}: a disk that is full in mid-run ends it in order, and what was stored is readable`, {
    timeout: 120_000,
  }, async () => {
    const { code, messages, dropped, files, ...frames } = await record(name, "ENOSPC", "stop");
    expect(code).toBe(3);
    expect(messages).toMatch(new RegExp(`${name}.*(ENOSPC|No space left).*; the run ends at frame \\d+`));
    expect(Object.keys(dropped)).toEqual(["disk full"]);
    expect(frames.in).toBe(frames.out + dropped["disk full"]!);
    const [faulty, good] = files;
    expect(faulty!.frames).toBeGreaterThan(0);
    // The frame that was refused here is in the table beside it.
    expect(goodFrames()).toBe(good!.frames);
    expect(good!.frames - faulty!.frames).toBe(1);
    const found = judged(name);
    if (found !== undefined) expect(found).toBe(name === "run.parquet" ? faulty!.rows : faulty!.frames);
  });

  test(`${name}: an input/output error under tracks-only costs ${noImages.includes(name) ? "the rest" : "no other file a frame"}`, {
    timeout: 120_000,
  }, async () => {
    const { code, messages, dropped, files } = await record(name, "EIO", "tracks-only");
    const [faulty, good] = files;
    expect(code).toBe(3);
    expect(messages).toMatch(new RegExp(`${name}.*(EIO|I/O error|Input/output error)`));
    expect(goodFrames()).toBe(good!.frames);
    if (noImages.includes(name)) expect(Object.keys(dropped)).toEqual(["writing failed"]);
    else {
      expect(Object.keys(dropped)).toEqual(["image not stored: writing failed"]);
      expect(good!.frames).toBe(16);
      expect(16 - faulty!.frames).toBe(dropped["image not stored: writing failed"]);
    }
    const found = judged(name);
    if (found !== undefined && name !== "run.parquet") expect(found).toBe(faulty!.frames);
  });
}

test("a read-only disk is told at once, and no other file is left", async () => {
  const env = faultyEnvironment([{ call: "open", path: "run.h5", error: "EROFS" }]);
  const words = "run acquire --camera sim --frames 2 --size 64x64 then archive --out run.mote --out run.h5".split(" ");
  const ran = await execa("mote", words, { cwd: shell.folder, env: { ...environment, ...env }, reject: false });
  expect(ran.exitCode).toBe(1);
  expect(String(ran.stderr)).toContain("run.h5: cannot be created: EROFS");
  expect(existsSync(join(shell.folder, "run.mote"))).toBe(false);
});

test("a frame that finds no room under compress is counted, and --resume stores it later", async () => {
  const source = "run --json acquire --camera sim --frames 8 --size 64x64 --seed 3 then compress --workers 1 --out";
  const env = { ...environment, ...faultyEnvironment([{ call: "write", path: "/jxl/", from: 9, error: "ENOSPC" }]) };
  const cut = await execa("mote", `${source} jxl`.split(" "), { cwd: shell.folder, env, reject: false });
  expect(cut.exitCode).toBe(3);
  expect(String(cut.stderr)).toMatch(/ENOSPC.*the run ends at frame \d, \d frames? stored/);
  const journal = join(shell.folder, "jxl/journal.ndjson");
  const text = readFileSync(journal, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.trimEnd().split("\n");
  const stored = lines.filter((line) => line.includes('"frame"')).length;
  expect(stored).toBeGreaterThan(0);
  cpSync(journal, `${journal}.before`);
  const whole = await shell.run(`mote ${source} jxl --resume`);
  expect(whole.code).toBe(0);
  const after = readFileSync(journal, "utf8").split("\n");
  expect(after.slice(0, lines.length)).toEqual(lines);
  expect(after.filter((line) => line.includes('"frame"')).length).toBe(8);
});
