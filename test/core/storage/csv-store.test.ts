import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { column, type detectionColumns } from "../../../src/core/model/detection.js";
import { writeTimestamp } from "../../../src/core/storage/columns/track-rows.js";
import { trackColumns } from "../../../src/core/storage/columns/track-table.js";
import {
  longestNumber,
  writeInteger,
  writeShortest,
  writeTenDigits,
} from "../../../src/core/storage/columns/write-number.js";
import { openCsvStore } from "../../../src/core/storage/formats/csv/csv-store.js";
import type { StoreRequest } from "../../../src/core/storage/frame-store.js";
import { seeded } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";

const descriptor = fakeDescriptor();
const geometry = fakeGeometry(descriptor);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote csv é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function request(name = "tracks.csv"): StoreRequest {
  const path = join(folder, name);
  return { path, where: `archive, --out ${name}`, descriptor, geometry };
}

const out = new Uint8Array(longestNumber + 8);
function textOf(write: (bytes: Uint8Array, at: number, value: number) => number, value: number): string {
  out.fill(0x7e);
  const length = write(out, 0, value);
  // Guard bytes: nothing is written behind the longest number.
  expect(out.subarray(longestNumber).every((byte) => byte === 0x7e)).toBe(true);
  return Buffer.from(out.subarray(0, length)).toString("latin1");
}

test("ten digits are within half a unit of the tenth digit of any value", () => {
  const random = seeded(7);
  const values = [
    0,
    -0,
    1,
    -1,
    0.1,
    0.5,
    1e-4,
    9.99999e-5,
    1e9,
    1e9 - 0.001,
    999999999.99,
    0.99999999999,
    9.9999999999,
  ];
  for (let n = 0; n < 20_000; n++) values.push((random() - 0.5) * 10 ** (random() * 30 - 15));
  const wrong = values.filter((value) => {
    const text = textOf(writeTenDigits, value);
    const isNear = Math.abs(Number(text) - value) <= Math.abs(value) * 5.0001e-10;
    return !/^-?\d+(\.\d*[1-9])?(e[+-]\d+)?$/.test(text) || !isNear;
  });
  expect(wrong.map((value) => [value, textOf(writeTenDigits, value)])).toEqual([]);
});

test("whole numbers keep all their digits", () => {
  for (const value of [0, 7, 10, 99, 100, 65535, 2147483647, 2147483648, 4294967296, 123456789012345, 2 ** 53, -42]) {
    expect(textOf(writeInteger, value)).toBe(String(value));
    if (Math.abs(value) < 1e15) expect(textOf(writeTenDigits, value)).toBe(String(value));
  }
});

test("positions parse back to the same float64", () => {
  const random = seeded(3);
  const values = Array.from({ length: 5000 }, () => random() * 2048);
  expect(values.filter((value) => Number(textOf(writeShortest, value)) !== value)).toEqual([]);
});

test("what is no number is an empty column", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(textOf(writeTenDigits, value)).toBe("");
    expect(textOf(writeShortest, value)).toBe("");
  }
});

test("timestamps keep the microsecond and are empty when unknown", () => {
  const bytes = new Uint8Array(32);
  const length = writeTimestamp(bytes, 1_763_720_400_000_042_999n);
  expect(Buffer.from(bytes.subarray(0, length)).toString()).toBe("1763720400.000042");
  expect(writeTimestamp(bytes, 0n)).toBe(0);
});

test("a table holds every detection in the order of the frames", () => {
  const store = openCsvStore(request());
  const frame = fakeFrame(geometry);
  const expected: number[][] = [];
  const rows = [3, 0, 60, 1];
  for (const [number, count] of rows.entries()) {
    fillFrame(frame, descriptor, number, count);
    for (let row = 0; row < count; row++) {
      const value = (name: (typeof detectionColumns)[number]) => frame.detections[column[name] * count + row]!;
      expected.push([number, value("particle_id"), value("x"), value("y"), value("mass"), value("ep")]);
    }
    store.append(frame);
  }
  // Everything is in the file before it is closed: what a killed process leaves.
  const open = readFileSync(join(folder, "tracks.csv"), "utf8");
  store.close(end);
  const text = readFileSync(join(folder, "tracks.csv"), "utf8");
  expect(text).toBe(open);
  const lines = text.split("\n");
  expect(lines[0]).toBe(trackColumns.join(","));
  expect(lines.pop()).toBe("");
  expect(store.rows).toBe(64);
  expect(lines.length).toBe(65);
  for (const [index, want] of expected.entries()) {
    const got = lines[index + 1]!.split(",");
    expect(got.length).toBe(11);
    expect(Number(got[0])).toBe(want[0]);
    expect(got[1]).toBe(want[1] === -1 ? "" : String(want[1]));
    expect(Number(got[2])).toBe(want[2]);
    expect(Number(got[3])).toBe(want[3]);
    expect(Math.abs(Number(got[4]) - want[4]!)).toBeLessThan(1e-9 * want[4]!);
    if (Number.isNaN(want[5])) expect(got[10]).toBe("");
    else expect(Math.abs(Number(got[10]) - want[5]!)).toBeLessThan(1e-9 * want[5]!);
  }
});

test("frames where nothing was located leave no line", () => {
  const store = openCsvStore(request());
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 0);
  frame.rowCount = -1;
  store.append(frame);
  store.close(end);
  expect(readFileSync(join(folder, "tracks.csv"), "utf8")).toBe(`${trackColumns.join(",")}\n`);
});

test("a file in the way is refused, and not touched", () => {
  writeFileSync(join(folder, "tracks.csv"), "x".repeat(1000));
  expect(() => openCsvStore(request())).toThrow("exists already");
  expect(readFileSync(join(folder, "tracks.csv"), "utf8")).toBe("x".repeat(1000));
});

test("a run that fails before its first frame leaves nothing", () => {
  openCsvStore(request()).close(null);
  expect(existsSync(join(folder, "tracks.csv"))).toBe(false);
});
