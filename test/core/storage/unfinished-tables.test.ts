/** Tables and rows of files that did not end as they were to: a stop document that is no success, a copy that cannot say so, parts that are gone. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeLock } from "../../../src/core/storage/claim/lock.js";
import { partPath } from "../../../src/core/storage/claim/row-names.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { openH5Store } from "../../../src/core/storage/formats/h5/h5-store.js";
import { partsOf } from "../../../src/core/storage/formats/h5/segment-names.js";
import { openNdjsonStore } from "../../../src/core/storage/formats/ndjson/ndjson-store.js";
import { kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-unfinished-");
});
afterAll(() => rmSync(folder, { recursive: true }));

const descriptor = fakeDescriptor({ shape: { height: 4, width: 5 } });
const geometry = fakeGeometry(descriptor, 3);

test("documents whose stop document is no success are of a run that was not finished, and so is their copy", async () => {
  const frame = fakeFrame(geometry);
  for (const [status, last] of [
    ["success", end],
    ["abort", { ...end, isComplete: false }],
    ["abort", { ...end, isComplete: false, notStored: 2 }],
    ["fail", null],
  ] as const) {
    const path = join(folder, `${status}${last?.notStored ?? 0}.ndjson`);
    const store = openNdjsonStore({ path, where: "test", descriptor, geometry });
    fillFrame(frame, descriptor, 0, 2);
    await store.append(frame);
    await store.close(last);
    const isFinished = status === "success";
    for (const file of [path, `${path}.copy.ndjson`]) {
      const report = await verified(file === path ? path : file);
      expect([file, report.verdict]).toEqual([file, isFinished ? "unchecked" : "incomplete"]);
      expect(report.findings.map(({ code }) => code)).toEqual(isFinished ? [] : ["run-not-successful"]);
      if (file === path) expect((await recovered(path, `${path}.copy.ndjson`)).hasLoss).toBe(!isFinished);
    }
  }
});

test("recover of a cut .csv says that the copy cannot be told from a finished table", async () => {
  const path = join(folder, "cut.csv");
  writeFileSync(path, "frame,y,x\n0,1.5,2.5\n");
  takeLock("test", path, "archive").leave();
  const recovery = await recovered(path, join(folder, "copy.csv"));
  expect([recovery.ending, recovery.notes.join()]).toEqual([
    "unfinished",
    expect.stringContaining("cannot be told from a finished one"),
  ]);
});

test("a row of .h5 of which a part is gone is not whole, wherever it stood; the row's name stands for its parts", async () => {
  const path = join(folder, "row.h5");
  const settings = { hdf5: { ...defaultHdf5, split: { frames: 2 } } };
  const store = await openH5Store({ path, where: "test", descriptor, geometry, settings });
  const frame = fakeFrame(geometry);
  for (let number = 0; number < 6; number++) {
    fillFrame(frame, descriptor, number, 1);
    await store.append(frame);
  }
  await store.close(end);
  await expect(kindOf(path)).rejects.toThrow("was split into 3 parts, ");
  expect(partsOf(path)).toEqual([0, 1, 2].map((index) => partPath(path, index)));
  for (const part of partsOf(path)) expect((await verified(part)).verdict).toBe("whole");
  rmSync(partPath(path, 2));
  expect((await verified(partPath(path, 0))).verdict).toBe("whole");
  const beforeTheGap = await verified(partPath(path, 1));
  expect([beforeTheGap.verdict, beforeTheGap.findings[0]?.code]).toEqual(["incomplete", "part-missing"]);
  rmSync(partPath(path, 0));
  expect((await verified(partPath(path, 1))).findings.map(({ code }) => code)).toEqual([
    "part-missing",
    "part-missing",
  ]);
});

test("a row of .h5 whose writer stops right after a part was closed has a last part that is not", async () => {
  const path = join(folder, "stopped.h5");
  const settings = { hdf5: { ...defaultHdf5, split: { frames: 2 } } };
  const store = await openH5Store({ path, where: "test", descriptor, geometry, settings });
  const frame = fakeFrame(geometry);
  for (let number = 0; number < 4; number++) {
    fillFrame(frame, descriptor, number, 1);
    await store.append(frame);
  }
  // Of a kill here is left what the disk has now.
  const last = partsOf(path).at(-1)!;
  expect((await verified(last)).verdict).toBe("incomplete");
  await store.close(end);
  expect((await verified(last)).verdict).toBe("whole");
});
