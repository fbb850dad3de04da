import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { python, testWithPython } from "../../judges.js";
import { fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { archive, counts, frames, tracked } from "./arrow-archives.js";
import { quickFolder } from "./verify-recover.js";

const folder = quickFolder("mote-arrow-");
afterAll(() => rmSync(folder, { recursive: true }));

const judge = `
import json, sys
import duckdb, pandas, polars, pyarrow.ipc
csv = pandas.read_csv(sys.argv[1])
told = {}
for path in sys.argv[2:4]:
    is_file = path.endswith(".arrow")
    table = (pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream)(path).read_all()
    frame = polars.read_ipc(path) if is_file else polars.read_ipc_stream(path)
    assert table.schema.field("x").metadata[b"unit"] == b"px"
    for name in csv.columns:
        ours = table[name].to_pandas()
        assert ((ours == csv[name]) | (ours.isna() & csv[name].isna()) | ((ours - csv[name]).abs() <= 1e-9 * csv[name].abs())).all(), name
        assert frame[name].to_arrow().to_pylist() == table[name].to_pylist() or frame[name].is_nan().any(), name
    rows = table
    told[path[-6:]] = [frame.height, duckdb.sql("select count(*), max(frame), count(particle_id) from rows").fetchall()[0]]
images = pyarrow.ipc.open_file(sys.argv[4]).read_all()
told["type"] = str(images.schema.field("pixels").type)
told["sums"] = [int(image.to_numpy_ndarray().sum()) for image in images["pixels"].chunks if len(image) > 0]
print(json.dumps(told))
`;

testWithPython(
  "pyarrow, polars and DuckDB read tables and frames, values and units",
  { timeout: 120_000 },
  async () => {
    const files = ["t.csv", "t.arrow", "t.arrows"].map((name) => archive(join(folder, name), tracked));
    const paths = [...(await Promise.all(files)), await archive(join(folder, "f.arrow"), frames)];
    const told = JSON.parse(execFileSync(python!, ["-c", judge, ...paths], { encoding: "utf8" }));
    const linked = 22 - counts.reduce((sum, rows) => sum + Math.floor(rows / 7), 0);
    expect(told[".arrow"]).toEqual([22, [22, 6, linked]]);
    expect(told.arrows).toEqual([22, [22, 6, linked]]);
    expect(told.type).toBe("extension<arrow.fixed_shape_tensor[value_type=uint16, shape=[48,64], dim_names=[y,x]]>");
    const sums = [0, 1, 5, 6].map((number) => {
      const frame = fakeFrame(fakeGeometry(frames));
      fillFrame(frame, frames, number, 0);
      return [...frame.pixels.subarray(0, 48 * 64)].reduce((sum, value) => sum + value, 0);
    });
    expect(told.sums).toEqual(sums);
  },
);
