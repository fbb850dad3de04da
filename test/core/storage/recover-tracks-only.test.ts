/** Recovery of a recording whose pixels a full disk refused from some frame on. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { imageNotStored } from "../../../src/core/storage/disk/disk-fault.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor({ shape: { height: 3, width: 4 } });
let folder: string;
let path: string;
/** The recording with its end, and as a killed run leaves it. */
let closed: Buffer;
let killed: Buffer;
beforeAll(async () => {
  folder = quickFolder("mote-tracks-only-");
  path = join(folder, "run.mote");
  const geometry = fakeGeometry(descriptor);
  const frame = fakeFrame(geometry);
  const open = await containerFor("test", path).load();
  const store = await open({ path, where: "test", descriptor, geometry });
  for (let number = 0; number < 6; number++) {
    fillFrame(frame, descriptor, number, 3);
    if (number < 2) await store.append(frame);
    else await store.appendDetections!(frame);
  }
  killed = readFileSync(path);
  await store.close({ ...end, isComplete: false, lost: 4, notStored: 4 });
  closed = readFileSync(path);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function recoveredAs(bytes: Uint8Array, name: string) {
  const out = join(folder, name);
  rmSync(out, { force: true, recursive: true });
  writeFileSync(path, bytes);
  return { recovery: await recovered(path, out), report: await verified(out), out };
}

test("containers that take detections alone get all of them, and say which images are missing", async () => {
  for (const [bytes, losses] of [
    [closed, 0],
    [killed, 1],
  ] as const) {
    for (const name of ["out.mote", "out.h5", "out.ome.zarr"]) {
      const { recovery, report, out } = await recoveredAs(bytes, name);
      expect(recovery, name).toMatchObject({ frames: 2, rows: 18, lossCount: losses });
      expect(recovery.notes).toContain("4 frames with detections only: a full disk refused the pixels");
      expect(report, name).toMatchObject({ frames: 2, rows: 18 });
      expect(report.verdict, name).toBe("incomplete");
      if (name === "out.mote") {
        const text = readFileSync(out).toString("latin1");
        const told = text.match(/\{"event":"drop"[^}]*\}/g)!.map((event) => JSON.parse(event) as object);
        expect(told).toEqual([{ event: "drop", stage: "archive", firstFrame: 2, count: 4, reason: imageNotStored }]);
        expect(text).toContain('"notStored":4');
      }
      // What was recovered can be recovered again.
      const again = await recovered(out, join(folder, `again-${losses}${name}`));
      expect(again, name).toMatchObject({ frames: 2, rows: 18 });
    }
  }
});

test("a table gets every row", async () => {
  const { recovery, out } = await recoveredAs(closed, "out.csv");
  expect(recovery).toMatchObject({ rows: 18, lossCount: 0 });
  expect(readFileSync(out, "utf8").trimEnd().split("\n").at(-1)).toMatch(/^5,/);
});

test("a container of images only leaves them out, and counts them", async () => {
  const { recovery } = await recoveredAs(closed, "out.tif");
  expect(recovery.frames).toBe(2);
  expect(recovery.losses.map(({ what }) => what)).toEqual([
    "detections without pixels: 4 frames have only them, and are left out",
  ]);
});

test("behind damage a frame whose pixels are gone is a loss, and those after it are kept", async () => {
  const bytes = Buffer.from(closed);
  const starts: number[] = [];
  for (let at = bytes.indexOf("MTMS"); at >= 0; at = bytes.indexOf("MTMS", at + 1)) starts.push(at);
  const frame1 = starts.filter((at) => bytes[at + 4] === 2)[1]!;
  bytes[frame1 + 200]! ^= 1;
  const { recovery } = await recoveredAs(bytes, "damaged.mote");
  expect(recovery).toMatchObject({ frames: 1, rows: 15, lostFrames: 1 });
});
