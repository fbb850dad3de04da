import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FaultRule, faultsIn, faultyEnvironment } from "../../faulty-files.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";

const mote = join(import.meta.dirname, "../../../bin/mote.js");
let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote short é-"));
  log = join(folder, "faults.log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Records the same eight frames whoever asks, while the disk behaves by `rules`. */
async function record(sink: readonly string[], rules: readonly FaultRule[] = []) {
  const camera = ["acquire", "--camera", "sim", "--frames", "8", "--size", "96x96"];
  const words = ["run", "--quiet", ...camera, "then", "track", "--diameter", "11", "then", ...sink];
  const env = rules.length > 0 ? faultyEnvironment(rules, log) : {};
  const ran = await execa(process.execPath, [mote, ...words], {
    cwd: folder,
    env,
    reject: false,
  });
  return { code: ran.exitCode, err: String(ran.stderr) };
}

/** Every write of that file is short; the first thousand by so much that a row, a header and a number are torn. */
function short(name: string): FaultRule[] {
  return [
    { call: "write", path: name, short: 5, times: 1000 },
    { call: "write", path: name, short: 1000 },
  ];
}

for (const name of ["run.csv", "run.tif"]) {
  test(`a disk that takes a few bytes at a time makes the same ${name}`, async () => {
    expect(await record(["archive", "--out", `whole-${name}`])).toEqual({ code: 0, err: "" });
    expect(await record(["archive", "--out", name], short(name))).toEqual({ code: 0, err: "" });
    expect(faultsIn(log).length).toBeGreaterThan(1000);
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(folder, `whole-${name}`)))).toBe(true);
  });
}

/** Checksums of the pixels of every frame in a file, as the journal of compress has them. */
async function pixelSums(name: string): Promise<readonly string[]> {
  const words = ["run", "--quiet", "acquire", name, "then", "compress", "--verify", "none", "--out", `sums-${name}`];
  await execa(process.execPath, [mote, ...words], { cwd: folder });
  const lines = readFileSync(join(folder, `sums-${name}`, "journal.ndjson"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => (JSON.parse(line) as { crc32?: string }).crc32).filter((sum) => sum !== undefined);
}

for (const name of ["run.mote", "run.ome.tif"]) {
  test(`a disk that takes a few bytes at a time makes a ${name} with the same frames`, {
    timeout: 120_000,
  }, async () => {
    expect(await record(["archive", "--out", "whole.tif"])).toEqual({ code: 0, err: "" });
    expect(await record(["archive", "--out", name], short(name))).toEqual({ code: 0, err: "" });
    expect(faultsIn(log).length).toBeGreaterThan(1000);
    const sums = await pixelSums(name);
    expect(sums.length).toBe(8);
    expect(sums).toEqual(await pixelSums("whole.tif"));
  });
}

describe.skipIf(!hasJudge)(`h5py${needsJudge}`, () => {
  test("reads the same from an .h5 that was written a few bytes at a time", async () => {
    await record(["archive", "--out", "whole.h5"]);
    expect(await record(["archive", "--out", "run.h5"], short("run.h5"))).toEqual({ code: 0, err: "" });
    expect(faultsIn(log).length).toBeGreaterThan(1000);
    const told = askJudge(
      join(folder, "run.h5"),
      `a, b = h5py.File(path), h5py.File(path.replace("run.h5", "whole.h5"))
same = bool((a["images/frames"][:] == b["images/frames"][:]).all())
same = same and set(a["tracks"]) == set(b["tracks"])
tracks = {k: bool(np.array_equal(a["tracks"][k][:], b["tracks"][k][:], equal_nan=True)) for k in b["tracks"]}
print(json.dumps([same, all(tracks.values()), len(a["images/frames"])]))`,
    );
    expect(told).toEqual([true, true, 8]);
  });
});

test("a disk that takes a few bytes at a time makes the same .jxl files and a journal of whole lines", async () => {
  expect(await record(["compress", "--out", "whole"])).toMatchObject({ code: 0 });
  const said = await record(["compress", "--out", "jxl"], short("/jxl/"));
  expect(said.code).toBe(0);
  expect(faultsIn(log).length).toBeGreaterThan(1000);
  for (let number = 0; number < 8; number++) {
    const name = `frame_00000${number}.jxl`;
    expect(readFileSync(join(folder, "jxl", name)).equals(readFileSync(join(folder, "whole", name)))).toBe(true);
  }
  const lines = readFileSync(join(folder, "jxl/journal.ndjson"), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual([
    "journal",
    ...Array.from({ length: 8 }, () => "frame"),
    "end",
  ]);
});
