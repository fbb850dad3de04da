import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OverBudget } from "../../../src/core/budget.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { createBatchWriter } from "../../../src/core/storage/formats/arrow/batch-writer.js";
import { requireBoundedHead } from "../../../src/core/storage/formats/arrow/head-bounds.js";
import { arrowInspector } from "../../../src/core/storage/formats/arrow/inspect.js";
import { loadArrow } from "../../../src/core/storage/formats/arrow/library.js";
import { readContent } from "../../../src/core/storage/formats/arrow/messages.js";
import { arrowFile } from "../../../src/core/storage/formats/arrow/read.js";
import { rowsOf } from "../../../src/core/storage/formats/arrow/rows.js";
import { schemaOf } from "../../../src/core/storage/formats/arrow/schema.js";
import { openFileSource } from "../../../src/core/storage/read/file-source.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { archive, frames, tracked } from "./arrow-archives.js";
import { eachFrame } from "./each-frame.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
beforeEach(() => {
  folder = quickFolder("mote-arrow-");
});
afterEach(() => rmSync(folder, { recursive: true }));

const archived = (name: string, descriptor: StreamDescriptor, isClosed?: boolean) =>
  archive(join(folder, name), descriptor, isClosed);

test("the pixels of a batch, and its measurements, are the slot's own bytes", async () => {
  const arrow = await loadArrow();
  for (const descriptor of [frames, tracked]) {
    const schema = schemaOf(arrow, descriptor);
    const writer = createBatchWriter(arrow, schema, false);
    writer.begin();
    const frame = fakeFrame(fakeGeometry(descriptor));
    fillFrame(frame, descriptor, 0, 5);
    const { count, columns, notes } = rowsOf(arrow, schema, descriptor)(frame);
    const own = writer.batch(count, columns, notes, "head").filter(({ buffer }) => buffer === frame.pixels.buffer);
    const expected = descriptor.detections ? 8 * 5 * 8 : frame.pixelBytes.length;
    expect(own.reduce((sum, { length }) => sum + length, 0)).toBe(expected);
  }
});

describe.each(["t.arrow", "t.feather", "t.arrows"])("a table of detections in %s", (name) => {
  test("is whole, has the columns of the CSV with their units, and gives link the same rows", async () => {
    const path = await archived(name, tracked);
    expect(await verified(path)).toMatchObject({ verdict: "whole", frames: 4, rows: 22, isEnded: true });
    const table = tableFromIPC(readFileSync(path));
    const csv = readFileSync(await archived("t.csv", tracked), "utf8")
      .trimEnd()
      .split("\n");
    expect(table.schema.names).toEqual(csv[0]!.split(","));
    expect(table.schema.fields.map(({ metadata }) => metadata.get("unit"))).toEqual(
      expect.arrayContaining(["px", "s", "grey levels"]),
    );
    const x = csv.slice(1).map((line) => Number(line.split(",")[2]));
    expect([...table.getChild("x")!]).toEqual(x);
    expect(table.getChild("particle_id")!.nullCount).toBe(csv.filter((line) => /^\d+,,/.test(line)).length);
    const opened = await openTable("test", path);
    const used = { frame: 0, x: 2, y: 3, particle: 1, particleName: "particle_id", flags: -1 } as never;
    expect([...(await opened.positions(used)).x]).toEqual(x);
    opened.close();
  });

  test("cut anywhere it gives back its whole batches, and says what is missing", async () => {
    const path = await archived(name, tracked);
    const bytes = readFileSync(path);
    const found = new Set<number>();
    for (let length = bytes.length - 1; length > 3000; length -= 997) {
      const cut = join(folder, `cut-${length}-${name}`);
      writeFileSync(cut, bytes.subarray(0, length));
      const report = await verified(cut);
      expect(report.verdict).toBe("incomplete");
      if (report.frames === null || report.frames === 0) continue;
      const out = join(folder, `again-${length}.csv`);
      expect((await recovered(cut, out)).frames).toBe(report.frames);
      found.add(report.frames!);
      expect(readFileSync(out, "utf8").split("\n").length - 2).toBe(report.rows);
    }
    expect(found.size).toBeGreaterThan(2);
  });
});

test("inspect tells rows, tracks and the gap of a table, and the images of frames", async () => {
  const told = await arrowInspector.inspect(await archived("t.arrow", tracked));
  expect(told).toMatchObject({ kind: "table", facts: { rows: 22, frames: 3, run: { isClosed: true, events: 1 } } });
  const images = await arrowInspector.inspect(await archived("f.arrows", frames));
  expect(images).toMatchObject({ kind: "images", facts: { frameCount: 4, pixelFormat: "uint16" } });
  const cut = await arrowInspector.inspect(await archived("u.arrow", tracked, false));
  expect(cut.ending.state).toBe("cut");
});

describe("frames without detections", () => {
  test("are tensors that come back with all that was recorded, and the gap between them", async () => {
    for (const name of ["f.arrow", "f.arrows"]) {
      const path = await archived(name, frames);
      expect(await verified(path)).toMatchObject({ verdict: "whole", frames: 4 });
      const numbers: number[] = [];
      const frame = fakeFrame(fakeGeometry(frames));
      for await (const { number, pixels, recorded } of eachFrame(path)) {
        numbers.push(number);
        fillFrame(frame, frames, number, 0);
        expect([...pixels]).toEqual([...frame.pixels]);
        expect(recorded!.capturedAtNs).toBe(frame.header.capturedAtNs);
      }
      expect(numbers).toEqual([0, 1, 5, 6]);
    }
  });

  test("a changed pixel is damage of its frame, the others come back", async () => {
    const path = await archived("f.arrow", frames);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length * 0.4)]! ^= 4;
    writeFileSync(path, bytes);
    expect(await verified(path)).toMatchObject({ verdict: "damaged", frames: 3 });
    expect(await recovered(path, join(folder, "again.arrow"))).toMatchObject({ frames: 3, lossCount: 1 });
  });

  test("a file that was not closed is its whole frames", async () => {
    const path = await archived("f.arrow", frames, false);
    expect(await verified(path)).toMatchObject({ verdict: "incomplete", frames: 4 });
    truncateSync(path, readFileSync(path).length - 100);
    expect((await recovered(path, join(folder, "again.arrow"))).frames).toBe(3);
  });
});

/** Where an entry's count stands in a head: the lists of a schema and of a batch, found by their number of entries. */
function placesOfCount(bytes: Buffer, count: number, before: number): number[] {
  return Array.from({ length: before / 4 }, (_, i) => 4 * i).filter((at) => bytes.readInt32LE(at) === count);
}

test("a list that claims more entries than its head has bytes is refused before anything is made of it", async () => {
  const path = await archived("frames.arrows", frames);
  const whole = readFileSync(path);
  const fields = tableFromIPC(whole).schema.fields.length;
  const places = placesOfCount(whole, fields, 8 + whole.readInt32LE(4));
  expect(places.length).toBeGreaterThan(0);
  for (const at of places) {
    const lying = Buffer.from(whole);
    lying.writeInt32LE(0x7fff_ffff, at);
    expect(() => requireBoundedHead(lying.subarray(8, 8 + lying.readInt32LE(4)))).toThrow(OverBudget);
    writeFileSync(path, lying);
    await expect(arrowInspector.inspect(path)).rejects.toThrow("expected the schema of an Arrow table");
  }
});

test("a head whose list of fields contains itself, twice over, is refused", () => {
  const head = new Uint8Array(64);
  const words = (at: number, ...values: number[]) => new Int32Array(head.buffer, at, values.length).set(values);
  const slots = (at: number, ...values: number[]) => new Int16Array(head.buffer, at, values.length).set(values);
  words(0, 16);
  // The message: its header at 20, and at 24 that this is a schema.
  slots(4, 10, 12, 0, 8, 4);
  words(16, 16 - 4, 28 - 20, 1);
  // The schema, which is its fields too: the list of two at 36 is both its fields and its children.
  slots(48, 16, 8, 0, 4, 0, 0, 0, 4);
  words(28, 28 - 48, 36 - 32, 2, 28 - 40, 28 - 44);
  expect(() => requireBoundedHead(head)).toThrow(OverBudget);
});

test("a batch that claims more frames than it holds is damage, and makes no room for them", async () => {
  const path = await archived("frames.arrows", frames);
  const content = readContent(await loadArrow(), openFileSource(path));
  const { at, bodyAt } = content.batches[0]!;
  const bytes = readFileSync(path);
  // The only 64-bit number of its head that is one: rows of a batch, and those of each column.
  for (let place = at + 8; place + 8 <= bodyAt; place += 8) {
    if (bytes.readBigInt64LE(place) === 1n) bytes.writeBigInt64LE(0x7fff_ffffn, place);
  }
  writeFileSync(path, bytes);
  await expect(arrowFile.open(path)).rejects.toThrow("a batch claims 2147483647 frames, more than it holds");
});
