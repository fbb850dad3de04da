/** What `inspect` says of a file's end is what `verify` finds: it calls nothing whole that was cut or that nobody knows of. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Group } from "h5wasm/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EndOfStream } from "../../../src/core/model/run-report.js";
import { takeLock } from "../../../src/core/storage/claim/lock.js";
import { containers } from "../../../src/core/storage/container-for.js";
import { loadHdf5 } from "../../../src/core/storage/formats/h5/library.js";
import { endingOf } from "../../../src/core/storage/inspect/ending.js";
import { inspectFile, kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import { inspectText } from "../../../src/core/storage/inspect/lines.js";
import { fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { quickFolder, verified } from "./verify-recover.js";

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-ending-");
});
afterAll(() => rmSync(folder, { recursive: true }));

const descriptor = fakeDescriptor({ shape: { height: 4, width: 5 } });
const geometry = fakeGeometry(descriptor, 3);

const whole: EndOfStream = { isComplete: true, lost: 0, stages: [] };
const readCut = { stage: "acquire", in: 3, out: 3, dropped: {}, failed: 0, summary: { cutAfterFrame: 1 } };
const endings = {
  finished: whole,
  "of a run that was ended early": { ...whole, isComplete: false },
  "of a recording that was cut": { isComplete: false, lost: 0, stages: [readCut as never] },
  "with a frame that the disk refused": { ...whole, isComplete: false, notStored: 1 },
  "left by a writer that died": null,
} as const;

async function written(name: string, end: EndOfStream | null, lost = 0): Promise<string> {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  const open = await containers[/\.ome\.\w+$|\.\w+$/.exec(name)![0]]!.load();
  const store = await open({ path, where: name, descriptor, geometry });
  const frame = fakeFrame(geometry);
  for (const number of [0, 1 + lost]) {
    if (number > 0 && lost > 0) store.event({ event: "gap", firstFrame: 1, count: lost, reason: "device gap" });
    fillFrame(frame, descriptor, number, 2);
    await store.append(frame);
  }
  await store.close(end);
  return path;
}

async function told(path: string) {
  const description = await inspectFile(path, await kindOf(path));
  const ending = endingOf(path, description);
  const text = inspectText(path, description, ending);
  return { ending, text, wholeLine: /^ {2}whole +(.*)$/m.exec(text)?.[1] ?? "" };
}

describe("inspect of a file", () => {
  for (const extension of [".mote", ".h5", ".ome.zarr", ".tif", ".ome.tif", ".csv", ".parquet", ".ndjson"]) {
    for (const [what, end] of Object.entries(endings)) {
      test(`${extension} ${what} says no more than verify`, async () => {
        const path = await written(`e${extension}`, end);
        if (end === null) takeLock("test", path, "archive").leave();
        try {
          const { verdict } = await verified(path);
          const { ending, wholeLine } = await told(path);
          expect(ending.state === "cut", `${verdict}: ${wholeLine}`).toBe(verdict === "incomplete");
          if (ending.state === "cut") expect(wholeLine).toMatch(/^no: /);
          if (what.endsWith("ended early") && extension !== ".csv" && !extension.endsWith(".ndjson")) {
            expect(wholeLine).toBe("yes, of a run that was ended early");
          }
          if (ending.state === "unknown") expect(wholeLine).not.toMatch(/^yes/);
          if (extension === ".csv") expect(ending.state).toBe(end === null ? "cut" : "unknown");
        } finally {
          rmSync(join(folder, `.e${extension}.lock`), { recursive: true, force: true });
        }
      });
    }
  }

  for (const extension of [".mote", ".h5", ".ome.zarr", ".tif", ".ome.tif", ".parquet"]) {
    test(`${extension} tells the frames that were lost while it was recorded`, async () => {
      const { text, ending } = await told(await written(`l${extension}`, { ...whole, lost: 7 }, 7));
      expect(ending.state).toBe("ended");
      expect(text).toMatch(/7 frames (lost|while recording)|gap 7/);
    });
  }
});

test("an .h5 whose end says that it is none is cut, whatever its mark says", async () => {
  const path = await written("marked.h5", null);
  const { hdf5 } = await loadHdf5();
  const file = new hdf5.File(path, "a");
  const metadata = file.get("metadata") as Group;
  expect(JSON.parse(metadata.attrs.processing_metrics!.value as string)).toMatchObject({ isComplete: false });
  metadata.delete_attribute("is_complete");
  metadata.create_attribute("is_complete", Uint8Array.of(1));
  file.close();
  const report = await verified(path);
  expect([report.verdict, report.reasons]).toEqual(["incomplete", [{ code: "recording-cut", count: 1 }]]);
  expect((await told(path)).wholeLine).toMatch(/^no: /);
});
