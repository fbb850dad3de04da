import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { column } from "../../../src/core/model/detection.js";
import { openCsvStore } from "../../../src/core/storage/formats/csv/csv-store.js";
import { openParquetStore } from "../../../src/core/storage/formats/parquet/parquet-store.js";
import type { StoreRequest } from "../../../src/core/storage/frame-store.js";
import { chooseColumns } from "../../../src/core/storage/table/choose-columns.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";

const descriptor = fakeDescriptor();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote parquet é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function request(name: string, mostRows = 64): StoreRequest {
  const path = join(folder, name);
  return { path, where: `archive, --out ${name}`, descriptor, geometry: fakeGeometry(descriptor, mostRows) };
}

/** Frames 0, 1 ... with so many rows each; `capturedAtNs` 0 in every third. */
function store(name: string, rows: readonly number[], open = openParquetStore, atEnd: typeof end | null = end): string {
  const asked = request(name, Math.max(...rows));
  const file = open(asked);
  const frame = fakeFrame(asked.geometry);
  for (const [number, count] of rows.entries()) {
    fillFrame(frame, descriptor, number, count);
    if (number % 3 === 2) frame.header.capturedAtNs = 0n;
    file.append(frame);
  }
  file.close(atEnd);
  return asked.path;
}

/** Frame, y and x of every row, as `mote link` reads them. */
async function positionsIn(path: string) {
  const table = await openTable("table", path);
  const positions = await table.positions(chooseColumns("table", table.columns, table.statedUnits, {}));
  table.close();
  return positions;
}

test("mote link reads a closed table, of frames with many rows, with one and with none", async () => {
  const rows = [3, 0, 60, 1];
  const { frame, y, x } = await positionsIn(store("tracks.parquet", rows));
  expect([...frame]).toEqual([0, 0, 0, ...Array.from({ length: 60 }, () => 2), 3]);
  const expected = fakeFrame(fakeGeometry(descriptor));
  fillFrame(expected, descriptor, 2, 60);
  expect([...x.subarray(3, 63)]).toEqual([...expected.detections.subarray(column.x * 60, column.x * 60 + 60)]);
  expect([...y.subarray(3, 63)]).toEqual([...expected.detections.subarray(column.y * 60, column.y * 60 + 60)]);
});

test("a table is whole after every frame, through full groups, and small once it is closed", async () => {
  const asked = request("tracks.parquet", 40_000);
  const file = openParquetStore(asked);
  const frame = fakeFrame(asked.geometry);
  let rows = 0;
  for (const [number, count] of [40_000, 40_000, 1, 0, 39_999, 40_000, 40_000, 7].entries()) {
    fillFrame(frame, descriptor, number, count);
    file.append(frame);
    rows += count;
    const { frame: frames } = await positionsIn(asked.path);
    expect(frames.length).toBe(rows);
    expect(frames.at(-1)).toBe(count > 0 ? number : number - 1);
  }
  const open = statSync(asked.path).size;
  file.close(end);
  expect((await positionsIn(asked.path)).rows).toBe(rows);
  expect(file.rows).toBe(rows);
  expect(statSync(asked.path).size).toBeLessThan(rows * 11 * 8);
  expect(statSync(asked.path).size).toBeLessThan(open / 1.5);
});

describe.skipIf(!hasTableJudge)(`pandas${needsTableJudge}`, () => {
  test("reads the same table from Parquet as from CSV, x and y to the bit", () => {
    const rows = [3, 0, 60, 1, 64];
    const told = askPandas<Record<string, unknown>>(
      [store("tracks.csv", rows, openCsvStore), store("tracks.parquet", rows)],
      `a, b = pd.read_csv(paths[0]), pd.read_parquet(paths[1])
far = {c: float(np.nanmax(np.abs(a[c] - b[c]) / np.abs(a[c]).clip(1))) for c in a}
print(json.dumps({"columns": list(a.columns) == list(b.columns), "types": {c: str(t) for c, t in b.dtypes.items()},
  "rows": len(b), "missing": bool((a.isna() == b.isna()).all().all()), "exact": bool((a.x == b.x).all() and (a.y == b.y).all() and (a.particle_id.dropna() == b.particle_id.dropna()).all()), "far": max(far.values())}))`,
    );
    expect(told).toMatchObject({ columns: true, rows: 128, missing: true, exact: true });
    expect(told.far).toBeLessThan(1e-9);
    expect(told.types).toMatchObject({ frame: "int64", x: "float64", timestamp: "float64" });
  });

  test("finds types, statistics that leave NaN out, checksums and what the file says of itself", () => {
    const told = askPandas<Record<string, unknown>>(
      [store("tracks.parquet", [60, 50]), store("cut.parquet", [60, 50], openParquetStore, null)],
      `f = pq.ParquetFile(paths[0], page_checksum_verification=True)
t = f.read()
g = f.metadata.row_group(0)
s = {g.column(i).path_in_schema: g.column(i).statistics for i in range(g.num_columns)}
m = {k.decode(): v.decode() for k, v in f.metadata.metadata.items()}
ep, ids = t["ep"].to_numpy(), t["particle_id"].drop_null().to_numpy()
print(json.dumps({"frame": str(t.schema.field("frame")), "id": str(t.schema.field("particle_id").type), "absent": t["particle_id"].null_count,
  "ep": [s["ep"].min == float(np.nanmin(ep)), s["ep"].max == float(np.nanmax(ep))],
  "ids": [s["particle_id"].min == int(ids.min()), s["particle_id"].max == int(ids.max()), s["particle_id"].null_count],
  "complete": m["mote.is_complete"], "pixel": m["mote.pixel_size_um"], "made": [p["stage"] for p in json.loads(m["mote.descriptor"])["producedBy"]],
  "cut": pq.read_metadata(paths[1]).metadata[b"mote.is_complete"].decode()}))`,
    );
    expect(told).toEqual({
      frame: "pyarrow.Field<frame: int64 not null>",
      id: "int64",
      absent: 15,
      ep: [true, true],
      ids: [true, true, 15],
      complete: "true",
      pixel: "0.35",
      made: ["acquire", "track"],
      cut: "false",
    });
  });

  test("skips row groups by the frame", () => {
    const told = askPandas<number[]>(
      [store("tracks.parquet", [60_000, 60_000, 60_000])],
      `f = pq.ParquetFile(paths[0])
print(json.dumps([f.metadata.num_row_groups, len(pq.read_table(paths[0], filters=[("frame", "==", 1)])), f.metadata.row_group(1).column(0).statistics.min]))`,
    );
    expect(told).toEqual([3, 60_000, 1]);
  });
});

test("without linking no row has a particle", async () => {
  const asked = request("tracks.parquet");
  const file = openParquetStore(asked);
  const frame = fakeFrame(asked.geometry);
  fillFrame(frame, descriptor, 0, 9);
  frame.detections.fill(-1, column.particle_id * 9, column.particle_id * 9 + 9);
  file.append(frame);
  file.close(end);
  const { parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const bytes = readFileSync(asked.path);
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    compressors,
  });
  expect(rows.map((row) => row.particle_id ?? null)).toEqual(Array.from({ length: 9 }, () => null));
});

test("a file in the way is refused, and not touched", () => {
  writeFileSync(join(folder, "tracks.parquet"), "x".repeat(100_000));
  expect(() => openParquetStore(request("tracks.parquet"))).toThrow("exists already");
  expect(readFileSync(join(folder, "tracks.parquet"), "utf8")).toBe("x".repeat(100_000));
});

test("a run that fails before its first frame leaves nothing", () => {
  openParquetStore(request("tracks.parquet")).close(null);
  expect(existsSync(join(folder, "tracks.parquet"))).toBe(false);
});
