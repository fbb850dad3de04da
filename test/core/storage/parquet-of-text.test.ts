import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parquetOfText } from "../../../src/core/storage/formats/parquet/parquet-of-text.js";
import { saveTable } from "../../../src/core/storage/table/save-table.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote table é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function fileOf(text: string): Promise<ArrayBuffer> {
  const path = join(folder, "table.csv");
  writeFileSync(path, text);
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetOfText("table", path)) pieces.push(piece.slice());
  const bytes = Buffer.concat(pieces);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

async function rowsOf(text: string): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: await fileOf(text), compressors });
}

async function typesOf(text: string): Promise<Record<string, string>> {
  const { children } = parquetSchema(parquetMetadata(await fileOf(text)));
  return Object.fromEntries(
    children.map(({ element }) => [
      element.name,
      `${element.type}${element.repetition_type === "OPTIONAL" ? "?" : ""}`,
    ]),
  );
}

test("a column is of whole numbers, of numbers or of text, and has nulls where a cell is empty", async () => {
  const text = 'frame,a,b,c,d,e,particle_id,raw_mass\n0,1,0.5,x,,007,,3\n1,,nan,"y, z",,12,,4\n2,-3,1e3,,,1,,5\n';
  expect(await typesOf(text)).toEqual({
    frame: "INT64",
    a: "INT64?",
    b: "DOUBLE?",
    c: "BYTE_ARRAY?",
    d: "DOUBLE?",
    e: "BYTE_ARRAY",
    particle_id: "INT64?",
    raw_mass: "DOUBLE",
  });
  const rows = await rowsOf(text);
  expect(rows.map(({ a }) => a ?? null)).toEqual([1n, null, -3n]);
  expect(rows.map(({ b }) => b ?? null)).toEqual([0.5, null, 1000]);
  expect(rows.map(({ c }) => c ?? null)).toEqual(["x", "y, z", null]);
  expect(rows.map(({ e }) => e)).toEqual(["007", "12", "1"]);
});

test("a number that turns up behind a text, or a text behind a hundred thousand numbers, is text", async () => {
  expect((await rowsOf("frame,a\n0,x\n1,2\n")).map(({ a }) => a)).toEqual(["x", "2"]);
  const lines = Array.from({ length: 100_001 }, (_, row) => `${row},${row === 100_000 ? "end" : row}`);
  const rows = await rowsOf(`frame,a\n${lines.join("\n")}\n`);
  expect(rows.length).toBe(100_001);
  expect([rows[7]!.a, rows[100_000]!.a, rows[100_000]!.frame]).toEqual(["7", "end", 100_000n]);
});

test("all digits of a whole number stay, infinities too", async () => {
  const rows = await rowsOf("frame,id,v\n0,123456789012345678,inf\n1,-9007199254740993,-inf\n2,+5,0\n");
  expect(rows.map(({ id }) => id)).toEqual([123456789012345678n, -9007199254740993n, 5n]);
  expect(rows.map(({ v }) => v)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]);
});

test("semicolons, decimal commas, comments and TrackMate's lines of units are understood", async () => {
  expect(await rowsOf("# made by hand\nframe;x\n0;1,5\n1;2\n")).toEqual([
    { frame: 0n, x: 1.5 },
    { frame: 1n, x: 2 },
  ]);
  const spots = readFileSync("fixtures/tables/trackmate-spots.csv", "utf8");
  const file = await fileOf(spots);
  const notes = new Map(parquetMetadata(file).key_value_metadata?.map(({ key, value }) => [key, value]));
  expect(JSON.parse(notes.get("mote.units")!)).toMatchObject({ POSITION_X: "(micron)" });
  expect((await rowsOf(spots)).length).toBe(spots.trimEnd().split("\n").length - 4);
});

test("a table is saved whole or not at all, and nothing is left beside it", async () => {
  const out = join(folder, "out.parquet");
  async function* broken() {
    yield Buffer.from("frame,x\n0,1\n");
    throw new Error("cut");
  }
  await expect(saveTable("link", out, false, broken())).rejects.toThrow("cut");
  async function* whole() {
    yield Buffer.from("frame,x\n0,");
    yield Buffer.from("1\n");
  }
  await saveTable("link", out, false, whole());
  await expect(saveTable("link", out, false, whole())).rejects.toThrow("exists already");
  const { readdirSync } = await import("node:fs");
  expect(readdirSync(folder)).toEqual(["out.parquet"]);
});

describe.skipIf(!hasTableJudge)(`pandas${needsTableJudge}`, () => {
  test("reads the same as from the text", async () => {
    const paths = ["trackpy.csv", "thunderstorm.csv"].map((name) => join("fixtures/tables", name));
    for (const [index, path] of paths.entries()) {
      const file = join(folder, `${index}.parquet`);
      writeFileSync(file, Buffer.from(await fileOf(readFileSync(path, "utf8"))));
      const told = askPandas<boolean>(
        [path, file],
        `a, b = pd.read_csv(paths[0]), pd.read_parquet(paths[1])
b.columns = a.columns
pd.testing.assert_frame_equal(a, b, check_dtype=False, rtol=1e-14, atol=0)
print(json.dumps(True))`,
      );
      expect(told).toBe(true);
    }
  });
});
