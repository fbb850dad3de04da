import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import { parquetOfText } from "../../../src/core/storage/formats/parquet/parquet-of-text.js";
import { openParquetStore } from "../../../src/core/storage/formats/parquet/parquet-store.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor();
let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-verify-parquet-");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Frames with so many rows each; closed with every frame, without one, or left as a killed run leaves it. */
function table(name: string, rows: readonly number[], closed: "whole" | "short" | "killed"): string {
  const path = join(folder, name);
  const geometry = fakeGeometry(descriptor, Math.max(1, ...rows));
  const store = openParquetStore({ path, where: "test", descriptor, geometry });
  const frame = fakeFrame(geometry);
  for (const [number, count] of rows.entries()) {
    fillFrame(frame, descriptor, number, count);
    void store.append(frame);
  }
  if (closed === "killed") writeFileSync(path, readFileSync(path));
  else void store.close(closed === "whole" ? end : { ...end, notStored: 1 });
  return path;
}

function flipped(path: string, name: string, at: number): string {
  const bytes = readFileSync(path);
  bytes[at]! ^= 0x10;
  const out = join(folder, name);
  writeFileSync(out, bytes);
  return out;
}

test("a closed table is whole: every page against its checksum, every row decoded", async () => {
  const report = await verified(table("whole.parquet", [3, 0, 60, 1], "whole"));
  expect(report.findings).toEqual([]);
  expect(report.verdict).toBe("whole");
  expect(report.rows).toBe(64);
  expect(report.checks.get("checksums")).toBe("11 of 11 pages");
  expect(report.checks.get("decoding")).toBe("64 of 64 rows");
});

test("a table of no rows is whole", async () => {
  expect((await verified(table("none.parquet", [0, 0], "whole"))).verdict).toBe("whole");
});

test("a table that was not closed is incomplete, and says how far it is intact", async () => {
  for (const closed of ["killed", "short"] as const) {
    const report = await verified(table(`${closed}.parquet`, [3, 60, 2], closed));
    expect(report.verdict).toBe("incomplete");
    expect(report.findings.map(({ what }) => what)).toEqual([
      "was not closed in order with every frame that came; intact up to row 65, of frame 2",
    ]);
  }
});

test("a flipped bit of any page is damage, found in its row group and column", async () => {
  const path = table("bits.parquet", [60_000, 60_000], "whole");
  const size = readFileSync(path).length;
  for (let at = 4; at < size * 0.95; at += Math.floor(size / 7)) {
    const report = await verified(flipped(path, "flipped.parquet", at));
    expect(report.verdict, `byte ${at}`).toBe("damaged");
    expect(report.findings[0]!.what).toMatch(/^row group [12], column \w+: page 1 /);
    expect(report.rows).toBe(60_000);
  }
});

test("a table in which a single page has no checksum is not checked for its values", async () => {
  const path = table("unsummed.parquet", [60], "whole");
  const bytes = readFileSync(path);
  // The header of the first page: three numbers, the checksum in five bytes, and the struct behind it (parquet.thrift, PageHeader).
  let at = 4;
  for (let field = 0; field < 3; field++) {
    expect(bytes[at++]).toBe(0x15);
    while (bytes[at++]! >= 0x80);
  }
  expect([bytes[at], bytes[at + 5]! < 0x80, bytes[at + 6]]).toEqual([0x15, true, 0x1c]);
  // In its place a number of a field that nobody knows, and the struct by its own number.
  bytes.set([0x05, 80, 0x80, 0x80, 0, 0x0c, 10], at);
  writeFileSync(path, bytes);
  const report = await verified(path);
  expect([report.verdict, report.findings, report.rows]).toEqual(["unchecked", [], 60]);
  expect(report.unchecked).toEqual([
    { aspect: "values", why: expect.stringContaining("1 of 11 pages have no checksum") },
  ]);
});

test("a table that was cut has no footer: damaged for verify, refused by recover, which leaves no file", async () => {
  const bytes = readFileSync(table("long.parquet", [60, 60], "whole"));
  const path = join(folder, "cut.parquet");
  const out = join(folder, "cut.recovered.parquet");
  for (const length of [1, 4, 11, 1000, bytes.length - 100, bytes.length - 1]) {
    writeFileSync(path, bytes.subarray(0, length));
    expect((await verified(path)).verdict, `${length} bytes`).toBe("damaged");
    const error = await recovered(path, out).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MoteError);
    expect((error as MoteError).message).toContain("has no footer");
    expect(() => readFileSync(out)).toThrow("ENOENT");
  }
});

test("a footer that says something else than its pages is damage", async () => {
  const path = table("footer.parquet", [60], "whole");
  const size = readFileSync(path).length;
  const footerBytes = readFileSync(path).readUInt32LE(size - 8);
  let found = 0;
  for (let at = size - 8 - footerBytes; at < size; at += 29) {
    const report = await verified(flipped(path, "other.parquet", at));
    if (report.verdict === "damaged") found++;
  }
  // A name in the descriptor, or a statistic, may say anything.
  expect(found).toBeGreaterThan(10);
});

test("a column whose name is damaged makes the table unreadable, and is told by its place", async () => {
  const path = table("unnamed.parquet", [3], "whole");
  const bytes = readFileSync(path);
  // The name is the fourth field of its column (parquet.thrift, SchemaElement); here it says that it is the fifth.
  const name = bytes.indexOf(Buffer.from("\x18\x05frame", "latin1"));
  bytes[name] = 0x28;
  writeFileSync(path, bytes);
  await expect(openTable("test", path)).rejects.toMatchObject({
    problems: [{ code: "file-damaged", what: expect.stringContaining("has no name") }],
  });
});

test("a table of another program is judged by what it has", async () => {
  const text = join(folder, "linked.csv");
  writeFileSync(text, "frame,x,y\n0,1.5,2.5\n1,3.5,4.5\n");
  const path = join(folder, "linked.parquet");
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetOfText("test", text)) pieces.push(piece.slice());
  writeFileSync(path, Buffer.concat(pieces));
  const report = await verified(path);
  expect(report.verdict).toBe("unchecked");
  expect(report.checks.has("completeness")).toBe(false);
  const error = await recovered(path, join(folder, "x.parquet")).catch((caught: unknown) => caught);
  expect(String(error)).toContain("is no archive of a run");
});

test("recover closes what a killed run left, with the same rows, and says that the end is not known", async () => {
  const out = join(folder, "closed.parquet");
  const recovery = await recovered(table("open.parquet", [3, 0, 60, 2], "killed"), out);
  expect(recovery.rows).toBe(65);
  expect(recovery.losses.map(({ what }) => what)).toEqual([
    "the frames after 3, if there were any: the table was not closed in order, and nothing says how long the run was",
  ]);
  // All of its rows are there; what the run had after them nobody knows.
  const report = await verified(out);
  expect([report.verdict, report.reasons]).toEqual(["incomplete", [{ code: "recording-cut", count: 1 }]]);
  const again = await recovered(out, join(folder, "again.parquet"));
  expect(again.lossCount).toBe(0);
});

test("recover leaves out the row groups that are damaged, and counts them", async () => {
  const path = flipped(table("groups.parquet", [60_000, 60_000, 5], "whole"), "bad.parquet", 5000);
  const out = join(folder, "good.parquet");
  const recovery = await recovered(path, out);
  expect(recovery.rows).toBe(60_005);
  expect(recovery.losses.map(({ what }) => what)).toEqual([
    "rows 1 to 60,000: row group 1, column particle_id: page 1 does not match its checksum",
  ]);
  expect((await verified(out)).rows).toBe(60_005);
});

describe.skipIf(!hasTableJudge)(`pyarrow${needsTableJudge}`, () => {
  test("finds the same values in a recovered table as in the one that was not closed", async () => {
    const path = table("before.parquet", [3, 60, 2], "killed");
    const out = join(folder, "after.parquet");
    await recovered(path, out);
    expect(
      askPandas<unknown>(
        [path, out],
        `a, b = pd.read_parquet(paths[0]), pd.read_parquet(paths[1])
print(json.dumps({"same": a.equals(b), "rows": len(b), "complete": pq.read_metadata(paths[1]).metadata[b"mote.is_complete"].decode()}))`,
      ),
    ).toEqual({ same: true, rows: 65, complete: "true" });
  });

  test("a foreign table with dictionaries, lists and no checksums is whole, and says what that leaves out", async () => {
    const path = join(folder, "foreign.parquet");
    askPandas(
      [path],
      `import pyarrow as pa
pq.write_table(pa.table({"frame": list(range(5000)), "name": ["a", "b"] * 2500, "list": [[1, 2], []] * 2500}), paths[0], row_group_size=2000, data_page_version="2.0")
print("0")`,
    );
    const report = await verified(path);
    expect(report.findings).toEqual([]);
    expect(report.rows).toBe(5000);
    expect(report.unchecked.map(({ aspect }) => aspect)).toEqual(["values", "end"]);
  });

  test("a bit flipped in a page with pyarrow's own checksums is found", async () => {
    const path = join(folder, "summed.parquet");
    askPandas(
      [path],
      `import pyarrow as pa
pq.write_table(pa.table({"x": np.arange(5000.0)}), paths[0], write_page_checksum=True, compression="zstd")
print("0")`,
    );
    expect((await verified(path)).unchecked.map(({ aspect }) => aspect)).toEqual(["end"]);
    const report = await verified(flipped(path, "summed-flipped.parquet", 400));
    expect(report.findings[0]!.what).toContain("does not match its checksum");
  });
});
