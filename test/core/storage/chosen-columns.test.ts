/** Tables that have some of the columns only, in an order and a type that were chosen; and times in ISO 8601. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseDateTime } from "../../../src/core/imaging/tiff/date-time.js";
import { column } from "../../../src/core/model/detection.js";
import { TrackRows } from "../../../src/core/storage/columns/track-rows.js";
import { trackColumns as allColumns, type TrackColumnName } from "../../../src/core/storage/columns/track-table.js";
import { openCsvStore } from "../../../src/core/storage/formats/csv/csv-store.js";
import { describeH5, readH5Frame } from "../../../src/core/storage/formats/h5/describe.js";
import { defaultHdf5, type Hdf5Settings } from "../../../src/core/storage/formats/h5/h5-options.js";
import { openH5Store } from "../../../src/core/storage/formats/h5/h5-store.js";
import { dateTime } from "../../../src/core/storage/formats/tiff/describe-page.js";
import { TableCheck } from "../../../src/core/storage/table/survey-text.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor();
const geometry = fakeGeometry(descriptor);
const rows = 8;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote columns é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a .csv has the chosen columns in the chosen order, each cell as in the table of all", () => {
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 3, rows);
  const linesOf = (columns: readonly TrackColumnName[]) =>
    Buffer.from(new TrackRows(columns).borrowLines(frame)).toString("latin1").trimEnd().split("\n");
  const all = allColumns;
  const whole = linesOf(all).map((line) => line.split(","));
  const chosen: readonly TrackColumnName[] = ["timestamp", "y", "x", "ep", "frame", "particle_id"];
  const path = join(folder, "some.csv");
  const store = openCsvStore({
    path,
    where: "archive, --out some.csv",
    descriptor,
    geometry,
    settings: { csv: { columns: chosen } },
  });
  store.append(frame);
  store.close(end);
  const expected = whole.map((cells) => chosen.map((name) => cells[all.indexOf(name)]).join(","));
  expect(readFileSync(path, "latin1")).toBe([chosen.join(","), ...expected, ""].join("\n"));
});

test("a table of chosen columns is known as Mote's by particle_id, and its damaged cells are found", () => {
  const faultsOf = (...lines: string[]) => {
    const check = new TableCheck(",");
    return lines.map(
      (text) => check.faultOf({ bytes: Buffer.from(text), number: 1, at: 0, hasEnd: true, isTooLong: false })?.what,
    );
  };
  const header = "frame,particle_id,x,y,mass";
  expect(faultsOf(header, "0,,1.5,2.5,", "0,1,1.5,,7", '0,1,1.5,"2.5",7')).toEqual([
    undefined,
    undefined,
    'has "" for y',
    'has "\\"2.5\\"" for y',
  ]);
  // Of other programs nothing but the number of cells is expected.
  expect(faultsOf("frame,x,y", "0,NA,1")).toEqual([undefined, undefined]);
  expect(faultsOf(`${header},note`, "0,1,NA,2,3,ok")).toEqual([undefined, undefined]);
});

async function store(hdf5: Partial<Hdf5Settings>): Promise<string> {
  const path = join(folder, "run.h5");
  const settings = { hdf5: { ...defaultHdf5, layout: "per-frame" as const, ...hdf5 } };
  const opened = await openH5Store({ path, where: "archive, --out run.h5", descriptor, geometry, settings });
  const frame = fakeFrame(geometry);
  for (const number of [0, 1, 2]) {
    fillFrame(frame, descriptor, number, number === 1 ? 0 : rows);
    await opened.append(frame);
  }
  await opened.close(end);
  return path;
}

test("tables of chosen columns are verified, shown and recovered by their columns' names", async () => {
  const trackColumns = ["signal", "y", "x", "mass"] as const;
  const path = await store({ trackColumns, trackType: "float32" });
  expect(await verified(path)).toMatchObject({ findings: [], frames: 3, rows: 2 * rows });
  expect((await describeH5(path)).detections).toEqual({ columns: trackColumns, rows: 2 * rows, tracks: 0 });
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 2, rows);
  const single = (name: "x" | "y" | "mass") =>
    Array.from(frame.detections.subarray(column[name] * rows, (column[name] + 1) * rows), Math.fround);
  const { points } = await readH5Frame(path, 2);
  const shown = points.filter((point) => point.frame === 2);
  expect(shown.map(({ x }) => x)).toEqual(single("x"));
  expect(shown.every(({ particleId }) => particleId === -1)).toBe(true);

  const out = join(folder, "out.csv");
  const recovery = await recovered(path, out);
  expect(recovery).toMatchObject({ lossCount: 0, rows: 2 * rows });
  expect(recovery.notes).toContain("its tables have no ecc, size, raw_mass, ep, particle_id: they stay empty");
  const cells = readFileSync(out, "latin1")
    .trimEnd()
    .split("\n")
    .slice(1 + rows)
    .map((line) => line.split(","));
  expect(cells.map(([, , x]) => Number(x))).toEqual(single("x"));
  expect(cells.map(([, , , y]) => Number(y))).toEqual(single("y"));
  // particle_id, ecc, size, raw_mass, ep
  expect(cells.every((row) => [1, 5, 6, 9, 10].every((at) => row[at] === ""))).toBe(true);
});

describe.skipIf(!hasJudge)(`h5py${needsJudge}`, () => {
  test("sees float32 for every real column but the timestamp, int64 for the others", async () => {
    const path = await store({ trackType: "float32" });
    const told = askJudge(
      path,
      `f = h5py.File(path)
t = f["tracks/frame_000002"]
print(json.dumps({"types": {n: str(t.dtype[n]) for n in t.dtype.names}, "id": t["particle_id"].tolist(),
  "time": t["timestamp"].tolist(), "x": t["x"].astype("f8").tolist(), "empty": f["tracks/frame_000001"].shape[0]}))`,
    ) as { types: Record<string, string>; id: number[]; time: number[]; x: number[]; empty: number };
    const types = { frame: "int64", particle_id: "int64", timestamp: "float64" };
    expect(told.types).toEqual(
      Object.fromEntries(allColumns.map((name) => [name, types[name as keyof typeof types] ?? "float32"])),
    );
    const frame = fakeFrame(geometry);
    fillFrame(frame, descriptor, 2, rows);
    expect(told.x).toEqual(Array.from(frame.detections.subarray(0, rows), Math.fround));
    expect(told.id).toEqual([0, 1, 2, 3, 4, 5, -1, 7]);
    expect(told.time).toEqual(Array(rows).fill(1_763_720_400.083333));
    expect(told.empty).toBe(0);
  });
});

test("a time in ISO 8601 has microseconds and a zone, and is read back from either form of DateTime", () => {
  const time = 1_763_720_459_000_041_999n;
  expect(dateTime(time, "iso8601")).toBe("2025-11-21T10:20:59.000041+00:00");
  expect(dateTime(0n, "iso8601")).toBeUndefined();
  expect(parseDateTime(dateTime(time, "iso8601")!)).toBe(1_763_720_459_000_041_000n);
  expect(parseDateTime(dateTime(time)!)).toBe(1_763_720_459_000_000_000n);
  expect(parseDateTime("2025-11-21 11:20:59+01:00")).toBe(1_763_720_459_000_000_000n);
  expect(parseDateTime("2025-11-21T10:20:59Z")).toBe(1_763_720_459_000_000_000n);
  for (const text of ["", "yesterday", "2025-13-40T10:20:59", "0000:00:00 00:00:00"])
    expect(parseDateTime(text)).toBe(0n);
});
