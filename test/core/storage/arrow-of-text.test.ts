import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrowOfText } from "../../../src/core/storage/formats/arrow/arrow-of-text.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { saveTable } from "../../../src/core/storage/table/save-table.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote table é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function bytesOf(text: string, isFile: boolean): Promise<Buffer> {
  const path = join(folder, "table.csv");
  writeFileSync(path, text);
  const pieces: Uint8Array[] = [];
  for await (const piece of arrowOfText(isFile)("table", path)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe.each([true, false])("a text table as Arrow, a file: %s", (isFile) => {
  test("a column is of whole numbers, of numbers or of text, and has nulls where a cell is empty", async () => {
    const text = 'frame,a,b,c,d,e,particle_id,raw_mass\n0,1,0.5,x,,007,,3\n1,,nan,"y, ü",,12,,4\n2,-3,1e3,,,1,,5\n';
    const table = tableFromIPC(await bytesOf(text, isFile));
    expect(table.schema.fields.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "?" : ""}`)).toEqual([
      "frame Int64",
      "a Int64?",
      "b Float64?",
      "c Utf8?",
      "d Float64?",
      "e Utf8",
      "particle_id Int64?",
      "raw_mass Float64",
    ]);
    expect([...table.getChild("a")!]).toEqual([1n, null, -3n]);
    expect([...table.getChild("b")!]).toEqual([0.5, null, 1000]);
    expect([...table.getChild("c")!]).toEqual(["x", "y, ü", null]);
    expect([...table.getChild("e")!]).toEqual(["007", "12", "1"]);
    expect(table.getChild("d")!.nullCount).toBe(3);
  });

  test("rows behind the first batch are there, with all digits", async () => {
    const lines = Array.from({ length: 100_001 }, (_, row) => `${row},${row % 3 ? `w${row}` : ""},${row / 2}`);
    const table = tableFromIPC(await bytesOf(`frame,name,v\n${lines.join("\n")}\n5,z,-inf\n`, isFile));
    expect(table.numRows).toBe(100_002);
    expect(table.batches.length).toBe(2);
    expect([table.getChild("name")!.get(100_000), table.getChild("name")!.get(99_999)]).toEqual(["w100000", null]);
    expect(table.getChild("v")!.get(100_001)).toBe(Number.NEGATIVE_INFINITY);
    const whole = tableFromIPC(await bytesOf("frame,id\n0,123456789012345678\n1,+5\n", isFile));
    expect([...whole.getChild("id")!]).toEqual([123456789012345678n, 5n]);
  });

  test("TrackMate's units are the fields', and link reads them again", async () => {
    const path = join(folder, "spots");
    writeFileSync(path, await bytesOf(readFileSync("fixtures/tables/trackmate-spots.csv", "utf8"), isFile));
    const [text, arrow] = await Promise.all(
      ["fixtures/tables/trackmate-spots.csv", path].map((at) => openTable("t", at)),
    );
    expect(arrow!.columns).toEqual(text!.columns);
    expect(arrow!.statedUnits).toEqual(text!.statedUnits);
    text!.close();
    arrow!.close();
  });
});

test.each([".arrow", ".feather", ".arrows"])("a table is saved as %s whole or not at all", async (extension) => {
  const out = join(folder, `out${extension}`);
  async function* broken() {
    yield Buffer.from("frame,x\n0,1\n");
    throw new Error("cut");
  }
  await expect(saveTable("link", out, false, broken())).rejects.toThrow("cut");
  async function* whole() {
    yield Buffer.from("frame,x\n0,1\n");
  }
  await saveTable("link", out, false, whole());
  expect(readFileSync(out).subarray(0, 6).toString("latin1") === "ARROW1").toBe(extension !== ".arrows");
  expect([...tableFromIPC(readFileSync(out)).getChild("x")!]).toEqual([1]);
  const { readdirSync } = await import("node:fs");
  expect(readdirSync(folder)).toEqual([`out${extension}`]);
});

describe.skipIf(!hasTableJudge)(`pyarrow${needsTableJudge}`, () => {
  test("reads the same as pandas from the text", async () => {
    for (const [index, name] of ["trackpy.csv", "thunderstorm.csv"].entries()) {
      const path = join("fixtures/tables", name);
      const file = join(folder, `${index}.arrow`);
      writeFileSync(file, await bytesOf(readFileSync(path, "utf8"), true));
      const told = askPandas<boolean>(
        [path, file],
        `import pyarrow.ipc
table = pyarrow.ipc.open_file(paths[1]).read_all()
table.validate(full=True)
a, b = pd.read_csv(paths[0]), table.to_pandas()
b.columns = a.columns
pd.testing.assert_frame_equal(a, b, check_dtype=False, rtol=1e-14, atol=0)
print(json.dumps(True))`,
      );
      expect(told).toBe(true);
    }
  });
});
