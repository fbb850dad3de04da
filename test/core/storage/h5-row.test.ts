/** The parts of a split archive know each other: one whose name another file has is missing, and what is behind a file's end is told. */
import { appendFileSync, copyFileSync, cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { quickFolder, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor({ shape: { height: 6, width: 8 }, detections: null });
const geometry = fakeGeometry(descriptor, 0);
let folder: string;
let copies = 0;
beforeAll(async () => {
  folder = quickFolder("mote-h5-row-");
  await write(join(folder, "a", "run.h5"));
  await write(join(folder, "b", "run.h5"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Six frames in three parts. */
async function write(path: string): Promise<void> {
  mkdirSync(dirname(path));
  const store = await (await containerFor("test", path).load())({
    path,
    where: "test",
    descriptor,
    geometry,
    settings: { hdf5: { ...defaultHdf5, split: { frames: 2 } } },
  });
  const frame = fakeFrame(geometry);
  for (let number = 0; number < 6; number++) {
    fillFrame(frame, descriptor, number, 0);
    await store.append(frame);
  }
  await store.close(end);
}

/** A copy of the first row, and the paths of its parts. */
function row(): readonly [string, string, string] {
  const place = join(folder, `copy${copies++}`);
  cpSync(join(folder, "a"), place, { recursive: true });
  return [0, 1, 2].map((index) => join(place, `run_00${index}.h5`)) as [string, string, string];
}

const missing = (name: string, side: string) =>
  `${name} (another file has its name), the part ${side} it, is not there`;

async function toldOf(parts: readonly string[]) {
  const reports = await Promise.all(parts.map(verified));
  return reports.map(({ findings }) => findings.map(({ what }) => what));
}

test("a row as it was written is whole, also under another name", async () => {
  const parts = row();
  expect(await toldOf(parts)).toEqual([[], [], []]);
  const moved = parts.map((part) => part.replace("run_", "other_"));
  for (const [at, part] of parts.entries()) renameSync(part, moved[at]!);
  expect(await toldOf(moved)).toEqual([[], [], []]);
  expect((await runSource(acquire, { files: moved })).isComplete).toBe(true);
});

test("another run's part in the place of one is told by its neighbours and by itself, and a replay is not complete", async () => {
  const parts = row();
  copyFileSync(join(folder, "b", "run_001.h5"), parts[1]);
  expect(await toldOf(parts)).toEqual([
    [missing("run_001.h5", "behind")],
    [missing("run_000.h5", "before"), missing("run_002.h5", "behind")],
    [missing("run_001.h5", "before")],
  ]);
  expect((await runSource(acquire, { files: [...parts] })).isComplete).toBe(false);
});

test("two parts that were exchanged are told", async () => {
  const parts = row();
  renameSync(parts[1], `${parts[1]}.x`);
  renameSync(parts[2], parts[1]);
  renameSync(`${parts[1]}.x`, parts[2]);
  const told = await toldOf(parts);
  expect(told[0]).toEqual([missing("run_001.h5", "behind")]);
  expect(told[1]).toEqual([missing("run_001.h5", "before")]);
  const { isComplete, order } = await runSource(acquire, { files: [...parts] });
  expect(isComplete && order.every((one) => typeof one === "number")).toBe(false);
});

test("bytes behind the end of a closed file are damage", async () => {
  const [part] = row();
  appendFileSync(part, Buffer.alloc(500, 7));
  const report = await verified(part);
  expect([report.verdict, report.reasons]).toEqual(["damaged", [{ code: "bytes-behind-end", count: 1 }]]);
});
