import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import { column } from "../../../src/core/model/detection.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { loadHdf5 } from "../../../src/core/storage/formats/h5/library.js";
import { repairCopy } from "../../../src/core/storage/formats/h5/repair.js";
import { encodeSuperblock, firstRoot, lookup3 } from "../../../src/core/storage/formats/h5/superblock.js";
import type { StoreSettings } from "../../../src/core/storage/frame-store.js";
import { seeded } from "../../seed.js";
import { stackTrace } from "../../stack-trace.mjs";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { framesOf, quickFolder, recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor({ shape: { height: 16, width: 24 } });
const geometry = fakeGeometry(descriptor);
const rowsOf = (number: number) => 2 + (number % 3);

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-verify-h5-");
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Archives `count` frames; every write to the file is kept, with how many frames were stored when it was made. */
async function record(path: string, count: number, isClosed: boolean, settings: StoreSettings = {}) {
  const { module } = await loadHdf5();
  const files = module.FS as unknown as {
    write(s: { fd: number; path?: string }, b: Uint8Array, o: number, l: number, p?: number): number;
  };
  const writes: (Write & { stored: number })[] = [];
  const write = files.write;
  let stored = 0;
  files.write = (stream, buffer, offset, length, position) => {
    if (stream.fd > 2 && position !== undefined) {
      writes.push({
        at: Number(position),
        bytes: Uint8Array.from(buffer.subarray(offset, offset + length)),
        stored,
      });
    }
    return write(stream, buffer, offset, length, position);
  };
  try {
    const frame = fakeFrame(geometry);
    const open = await containerFor("test", path).load();
    const store = await open({ path, where: "test", descriptor, geometry, settings });
    for (let number = 0; number < count; number++) {
      fillFrame(frame, descriptor, number, rowsOf(number));
      await store.append(frame);
      stored = number + 1;
    }
    if (isClosed) await store.close(end);
  } finally {
    files.write = write;
  }
  return writes;
}

/** The pixels that `fillFrame` gives frame `number`. */
function pixelsOf(number: number): number[] {
  return Array.from({ length: 16 * 24 }, (_, at) => (at * 31 + number * 7919) % 251);
}

let outs = 0;
function newOut(extension = ".mote"): string {
  return join(folder, `out${outs++}${extension}`);
}

test("lookup3 gives the values of its author's own test", () => {
  const text = new TextEncoder().encode("Four score and seven years ago");
  expect(lookup3(text).toString(16)).toBe("17770551");
  expect(lookup3(new Uint8Array(0)).toString(16)).toBe("deadbeef");
});

test("a closed archive is whole, and comes back whole", async () => {
  const path = join(folder, "whole.h5");
  await record(path, 5, true);
  const report = await verified(path);
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ verdict: "whole", frames: 5, rows: 2 + 3 + 4 + 2 + 3 });
  const out = newOut();
  const recovery = await recovered(path, out);
  expect(recovery).toMatchObject({ lossCount: 0, frames: 5, rows: 14 });
  expect(await framesOf(out)).toEqual([0, 1, 2, 3, 4].map((number) => ({ number, pixels: pixelsOf(number) })));
});

test("killed between any two writes of the library's flush, it is cut after a stored frame, and those come back", {
  timeout: 120_000,
}, async () => {
  // The library's own order of writes, which Mote's archives are spared (held-file.ts) and those of others are not.
  const path = join(folder, "killed.h5");
  const writes = await record(path, 24, false);
  const last = writes.findIndex(({ stored }) => stored === 21);
  expect(last).toBeGreaterThan(0);
  const bytes = Buffer.alloc(Math.max(...writes.map((write) => write.at + write.bytes.length)));
  let length = 0;
  const states: { image: Buffer; stored: number }[] = [];
  for (const [index, write] of writes.entries()) {
    if (index >= last && (index % 2 === 0 || write.at < 48 || write.bytes.length > 3000)) {
      states.push({ image: Buffer.from(bytes.subarray(0, length)), stored: write.stored });
    }
    bytes.set(write.bytes, write.at);
    length = Math.max(length, write.at + write.bytes.length);
  }
  expect(states.length).toBeGreaterThan(20);
  let cut = 0;
  for (const { image, stored } of states) {
    const broken = newOut(".h5");
    writeFileSync(broken, image);
    const report = await verified(broken);
    expect(report.verdict).toBe("incomplete");
    const out = newOut();
    const recovery = await recovered(broken, out);
    const frames = await framesOf(out);
    expect(frames.length).toBeGreaterThanOrEqual(stored);
    for (const [number, frame] of frames.entries()) expect(frame).toEqual({ number, pixels: pixelsOf(number) });
    if (report.frames !== null) expect(report.frames).toBe(frames.length);
    expect(recovery.isLostCounted).toBe(false);
    if (frames.length === stored) cut++;
  }
  expect(cut).toBeGreaterThan(5);
});

// In a process, whose threads read: a changed byte can keep HDF5 busy for ever, which nothing in this one could end.
test("whatever byte is changed, verify and recover end with a verdict in words", { timeout: 900_000 }, async () => {
  const path = join(folder, "flip.h5");
  await record(path, 4, true);
  const whole = readFileSync(path);
  const random = seeded(11);
  const mote = (...words: string[]) => {
    const ran = spawnSync(process.execPath, ["bin/mote.js", ...words], { encoding: "utf8", timeout: 60_000 });
    expect(ran.stderr).not.toMatch(stackTrace);
    return ran.status;
  };
  const codes = new Map<number | null, number>();
  for (let round = 0; round < 40; round++) {
    const bytes = Buffer.from(whole);
    // Most of the file is room for tracks: half of the changes go where headers and pixels are.
    const at = Math.floor(random() * (round % 2 ? whole.length : 24_000));
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
    const broken = newOut(".h5");
    writeFileSync(broken, bytes);
    const code = mote("verify", broken);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (round % 4 === 0) expect([0, 1, 2, 3]).toContain(mote("recover", broken, "--out", newOut()));
  }
  expect(
    [...codes.keys()].every((code) => [0, 1, 3].includes(code!)),
    JSON.stringify([...codes]),
  ).toBe(true);
  expect(codes.get(1)).toBeGreaterThan(3);
});

test("a changed value of a column, of the ledger or of the descriptor is found, and named", async () => {
  const path = newOut(".h5");
  await record(path, 4, true);
  const whole = readFileSync(path);
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 2, rowsOf(2));
  const x = Buffer.from(frame.detections.slice(0, 1).buffer);
  const time = Buffer.alloc(8);
  time.writeBigInt64LE(frame.header.receivedAtNs);
  for (const [what, places] of [
    ["/tracks/x", [whole.indexOf(x)]],
    ["/metadata does", [whole.indexOf('"rateHz"') + 9]],
    // The column and the ledger have it.
    ["/images/received_at_ns", [whole.indexOf(time), whole.lastIndexOf(time)]],
    ["/metadata/ledger", [whole.indexOf(time), whole.lastIndexOf(time)]],
  ] as const) {
    const told: string[] = [];
    for (const at of places) {
      expect(at).toBeGreaterThan(8);
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      const broken = newOut(".h5");
      writeFileSync(broken, bytes);
      const report = await verified(broken);
      expect(report.verdict).toBe("damaged");
      told.push(...report.findings.map((finding) => finding.what));
    }
    expect(told.join("; ")).toContain(what);
  }
});

test("columns of more rows than are read at once match their checksums, and a row behind the first of these is covered", async () => {
  const path = newOut(".h5");
  const small = fakeDescriptor({ shape: { height: 3, width: 4 } });
  const many = fakeGeometry(small, 35_000);
  const frame = fakeFrame(many);
  const open = await containerFor("test", path).load();
  const store = await open({ path, where: "test", descriptor: small, geometry: many });
  for (let number = 0; number < 2; number++) {
    fillFrame(frame, small, number, 35_000);
    await store.append(frame);
  }
  const last = Buffer.from(frame.detections.slice(column.x * 35_000 + 34_999, column.x * 35_000 + 35_000).buffer);
  await store.close(end);
  expect(await verified(path)).toMatchObject({ verdict: "whole", rows: 70_000, findings: [] });
  const bytes = readFileSync(path);
  bytes[bytes.lastIndexOf(last)]! ^= 1;
  writeFileSync(path, bytes);
  expect((await verified(path)).findings.map(({ what }) => what)).toEqual(["/tracks/x does not match its checksum"]);
});

test("cut anywhere, it is not whole, and the frames inside come back", { timeout: 120_000 }, async () => {
  const path = join(folder, "cut.h5");
  await record(path, 6, true);
  const whole = readFileSync(path);
  const random = seeded(5);
  for (let round = 0; round < 24; round++) {
    const length = Math.floor(random() * whole.length);
    const broken = newOut(".h5");
    writeFileSync(broken, whole.subarray(0, length));
    const report = await verified(broken);
    expect(report.findingCount).toBeGreaterThan(0);
    const out = newOut();
    try {
      await recovered(broken, out);
    } catch (error) {
      expect(error).toBeInstanceOf(MoteError);
      continue;
    }
    for (const { number, pixels } of await framesOf(out)) expect(pixels).toEqual(pixelsOf(number));
  }
});

test("a dataset a frame: whole, and comes back with numbers, times and detections", async () => {
  const path = newOut(".h5");
  const hdf5 = { ...defaultHdf5, layout: "per-frame" as const };
  await record(path, 4, true, { hdf5 });
  const report = await verified(path);
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ verdict: "unchecked", frames: 4, rows: 2 + 3 + 4 + 2 });
  expect(report.unchecked.map(({ aspect }) => aspect)).toEqual(["values"]);
  const stack = newOut(".h5");
  await record(stack, 4, true);
  const [fromFrames, fromStack] = [newOut(), newOut()];
  expect(await recovered(path, fromFrames)).toMatchObject({ frames: 4, rows: 11, lossCount: 0 });
  await recovered(stack, fromStack);
  // The same messages of frames and detections, whichever layout they went through: times to the nanosecond.
  const messages = (of: string) => {
    const bytes = readFileSync(of).toString("latin1").split("MTMS");
    return bytes.filter((message) => [2, 3].includes(message.charCodeAt(0)));
  };
  expect(messages(fromFrames)).toEqual(messages(fromStack));
});

test("a superblock that claims more than the file has is mended in a copy that is no longer than the file", async () => {
  const path = join(folder, "claims.h5");
  await record(path, 3, true);
  const bytes = readFileSync(path);
  const { length } = bytes;
  // Format specification, version 0 superblock, which has no checksum: the end of file address.
  expect(bytes[8]).toBe(0);
  bytes.writeBigUInt64LE(536_875_520n, 40);
  writeFileSync(path, bytes);
  const copy = join(folder, "claims-copy.h5");
  expect(repairCopy(path, copy)).toEqual([`its end, by the superblock at byte 536875520, was set to ${length}`]);
  expect(statSync(copy).size).toBe(length);
  const recovery = await recovered(path, join(folder, "claims.mote"));
  expect(recovery.frames).toBe(3);
});

test("a damaged superblock is written anew in a copy", async () => {
  const path = join(folder, "super.h5");
  await record(path, 3, true);
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4, 40);
  writeFileSync(path, bytes);
  expect((await verified(path)).verdict).toBe("damaged");
  const out = newOut(".h5");
  const recovery = await recovered(path, out);
  expect(recovery.notes).toEqual(["in a copy, its superblock was written anew"]);
  expect(recovery).toMatchObject({ frames: 3, lossCount: 0 });
});

test("a file that a killed program left marked as open for writing is opened in a copy without the marks", async () => {
  const path = join(folder, "marked.h5");
  await record(path, 3, true);
  const bytes = readFileSync(path);
  // A superblock of version 3, of those that have the marks: file consistency flags, open for writing and by one writer among readers.
  bytes.set(encodeSuperblock(bytes.length, firstRoot.header));
  bytes[8] = 3;
  bytes[11] = 5;
  bytes.writeUInt32LE(lookup3(bytes.subarray(0, 44)), 44);
  writeFileSync(path, bytes);
  const recovery = await recovered(path, join(folder, "marked.mote"));
  expect(recovery.notes).toEqual(["in a copy, its marks of being open for writing were taken away"]);
  expect(recovery).toMatchObject({ frames: 3, lossCount: 0 });
});

test("of the copy in which a file was repaired nothing is left, neither when frames came back nor when none did", async () => {
  const here = join(folder, "alone");
  mkdirSync(here);
  const path = join(here, "super.h5");
  await record(path, 3, true);
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4, 40);
  writeFileSync(path, bytes);
  await recovered(path, join(here, "super.mote"));
  expect(readdirSync(here).sort()).toEqual(["super.h5", "super.mote"]);
  writeFileSync(path, bytes.subarray(0, 2000));
  await expect(recovered(path, join(here, "none.mote"))).rejects.toThrow(MoteError);
  expect(readdirSync(here).sort()).toEqual(["super.h5", "super.mote"]);
});

describe.skipIf(!hasJudge)(`h5py${needsJudge}`, () => {
  test("reads what was recovered", async () => {
    const path = join(folder, "judged.h5");
    const writes = await record(path, 4, true);
    const bytes = readFileSync(path);
    // The pixels of frame 2 are in the first write of its append.
    const second = writes.find(({ stored }) => stored === 2)!;
    bytes.fill(0, second.at + 4, second.at + 20);
    writeFileSync(path, bytes);
    const report = await verified(path);
    expect(report.findings.map(({ frame, byte, check }) => ({ frame, byte, check }))).toEqual([
      { frame: 2, byte: second.at, check: "decoding" },
    ]);
    const out = newOut(".h5");
    const recovery = await recovered(path, out);
    expect(recovery.losses[0]!.firstFrame).toBe(2);
    const told = askJudge(
      out,
      `f = h5py.File(path)
print(json.dumps({"numbers": f["images/frame_number"][:].tolist(), "pixels": f["images/frames"][:].reshape(3, -1).tolist(), "fates": f["metadata/ledger"]["fate"].tolist(), "tracks": f["tracks/frame"][:].tolist()}))`,
    ) as { numbers: number[]; pixels: number[][]; fates: number[]; tracks: number[] };
    expect(told.numbers).toEqual([0, 1, 3]);
    expect(told.pixels).toEqual([0, 1, 3].map(pixelsOf));
    expect(told.fates).toEqual([0, 0, 2, 0]);
    expect(told.tracks).toEqual([0, 0, 1, 1, 1, 3, 3]);
  });
});
