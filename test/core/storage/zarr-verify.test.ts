import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultZarr, type ZarrSettings } from "../../../src/core/storage/formats/zarr/zarr-options.js";
import { openZarrStore } from "../../../src/core/storage/formats/zarr/zarr-store.js";
import type { FrameStore } from "../../../src/core/storage/frame-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { framesOf, quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = quickFolder("mote zarr verify-");
  path = join(folder, "run.ome.zarr");
});
afterEach(() => rmSync(folder, { recursive: true }));

const descriptor = fakeDescriptor();

/** Seven frames, 0 and 2 to 7, with four detections each; the store is left open. */
async function write(settings: Partial<ZarrSettings> = {}): Promise<FrameStore> {
  const geometry = fakeGeometry(descriptor, 4);
  const zarr = { ...defaultZarr, ...settings };
  const store = await openZarrStore({ path, where: "test", descriptor, geometry, settings: { zarr } });
  const frame = fakeFrame(geometry);
  for (const number of [0, 2, 3, 4, 5, 6, 7]) {
    if (number === 2) store.event({ event: "gap", firstFrame: 1, count: 1, reason: "device gap" });
    fillFrame(frame, descriptor, number, 4);
    await store.append(frame);
  }
  return store;
}

/** The store as a kill leaves it: a copy of what the system had. */
async function cut(settings: Partial<ZarrSettings> = {}): Promise<void> {
  const store = await write(settings);
  cpSync(path, `${path}.copy`, { recursive: true });
  await store.close(end);
  rmSync(path, { recursive: true });
  renameSync(`${path}.copy`, path);
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(join(path, file));
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  writeFileSync(join(path, file), bytes);
}

test.each([{}, { framesPerShard: 3, levels: 3 }])("a store that was closed in order is whole, %j", async (settings) => {
  await (await write(settings)).close(end);
  const report = await verified(path);
  expect([report.verdict, report.frames, report.framesExpected, report.rows, report.findings]).toEqual([
    "whole",
    7,
    7,
    28,
    [],
  ]);
  const { frames, rows, lossCount } = await recovered(path, join(folder, "again.mote"));
  expect([frames, rows, lossCount]).toEqual([7, 28, 0]);
  expect(await framesOf(join(folder, "again.mote"))).toEqual(await framesOf(path));
});

test("a store that was cut is incomplete, and every frame comes back with its detections", async () => {
  await cut();
  const report = await verified(path);
  expect(report.verdict).toBe("incomplete");
  // The rows of a frame are promised before it.
  expect(report.findings.map(({ what }) => what)).toEqual(["was not closed in order"]);
  const out = join(folder, "out.ome.zarr");
  const { frames, rows, lossCount } = await recovered(path, out);
  expect([frames, rows, lossCount]).toEqual([7, 28, 1]);
  expect((await framesOf(out)).map(({ number }) => number)).toEqual([0, 2, 3, 4, 5, 6, 7]);
  const copy = await verified(out);
  expect(copy).toMatchObject({ verdict: "incomplete", rows: 28 });
  expect(copy.findings.map(({ code }) => code)).toEqual(["recording-cut"]);
});

/** Lets the arrays of a table promise so many rows. */
function promise(table: string, rows: number): void {
  for (const name of readdirSync(join(path, table), { withFileTypes: true })) {
    if (!name.isDirectory()) continue;
    const file = join(path, table, name.name, "zarr.json");
    const node = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...node, shape: [rows] }));
  }
}

test("detections that a cut store does not promise yet come back, as many as the ledger has", async () => {
  await cut();
  promise("tracks", 0);
  const { frames, rows } = await recovered(path, join(folder, "out.mote"));
  expect([frames, rows]).toEqual([7, 28]);
});

test("a closed store whose ledger has more or fewer stored frames than there are is damaged", async () => {
  await (await write()).close(end);
  // Behind frame 0 there is the row of the gap.
  promise("ledger", 7);
  const fewer = await verified(path);
  expect(fewer).toMatchObject({ verdict: "damaged", frames: 7 });
  expect(fewer.findings.map(({ what }) => what)).toEqual(["the ledger has 6 stored frames, the store 7"]);
  promise("ledger", 8);
  const file = join(path, "0", "zarr.json");
  const node = JSON.parse(readFileSync(file, "utf8")) as { shape: number[] };
  writeFileSync(file, JSON.stringify({ ...node, shape: [6, ...node.shape.slice(1)] }));
  const more = await verified(path);
  expect(more.verdict).toBe("damaged");
  expect(more.findings.map(({ what }) => what)).toContain("the ledger has 7 stored frames, the store 6");
});

test.each(["images/captured_at_ns", "images/stage_x_um", "tracks/x", "tracks/particle_id", "ledger/captured_at_ns"])(
  "a changed value of %s does not match its checksum",
  async (name) => {
    await (await write()).close(end);
    flip(`${name}/c.0`, 9);
    const report = await verified(path);
    expect(report.verdict).toBe("damaged");
    expect(report.findings.map(({ what }) => what)).toContain(`${name} does not match its checksum`);
  },
);

test("a store without its ledger is not whole, and recover says that what was lost is not known", async () => {
  await (await write()).close(end);
  rmSync(join(path, "ledger"), { recursive: true });
  const report = await verified(path);
  expect([report.verdict, report.findings.map(({ what }) => what)]).toEqual([
    "incomplete",
    ["there is no ledger, and what was lost is not known"],
  ]);
  const recovery = await recovered(path, join(folder, "no-ledger.mote"));
  expect([recovery.frames, recovery.isLostCounted]).toEqual([7, false]);
  expect(recovery.losses.map(({ what }) => what)).toEqual([
    "what the ledger said: there is no ledger, and what was lost is not known",
  ]);
});

test("frames of a shard that has no name yet are told and come back", async () => {
  await cut({ framesPerShard: 5 });
  const report = await verified(path);
  expect([report.verdict, report.frames]).toEqual(["incomplete", 5]);
  expect(report.findings.map(({ what }) => what)).toContain("2 frames behind the last are there and not in the shape");
  const { frames, rows, notes } = await recovered(path, join(folder, "out.mote"));
  expect([frames, rows, notes.length]).toEqual([7, 28, 2]);
});

test("a changed byte is damage, a chunk that is gone is missing, and the other frames come back", async () => {
  await (await write()).close(end);
  flip("0/c/3/0/0", 40);
  rmSync(join(path, "0/c/5"), { recursive: true });
  const report = await verified(path);
  expect([report.verdict, report.frames]).toEqual(["damaged", 5]);
  expect(report.findings.map(({ kind, frame }) => [kind, frame])).toEqual([
    ["damaged", 3],
    ["missing", 5],
  ]);
  const recovery = await recovered(path, join(folder, "out.mote"));
  expect([recovery.frames, recovery.lostFrames, recovery.losses.map(({ firstFrame }) => firstFrame)]).toEqual([
    5,
    2,
    [4, 6],
  ]);
  expect((await framesOf(join(folder, "out.mote"))).map(({ number }) => number)).toEqual([0, 2, 3, 5, 7]);
});

test("pixels that changed before they were compressed do not match their checksum", async () => {
  await (await write({ codec: "none" })).close(end);
  flip("0/c/2/0/0", 100);
  const report = await verified(path);
  expect([report.verdict, report.findings[0]?.check, report.findings[0]?.frame]).toEqual(["damaged", "checksums", 2]);
});

test("metadata that is damaged is told, not thrown", async () => {
  await (await write()).close(end);
  writeFileSync(join(path, "0", "zarr.json"), "{");
  expect(await verified(path)).toMatchObject({ verdict: "damaged", frames: 0 });
  await expect(recovered(path, join(folder, "out.mote"))).rejects.toThrow("holds no whole frame");
});
