/** Our Zarr stores as zarr-python and ome-zarr-models read them. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { askZarr, expectedInPython, hasZarrJudge, needsZarrJudge, quickDisk } from "./zarr-judge.js";
import { fill, newFrame, open, plain, rowsAFrame, runs, write } from "./zarr-runs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(quickDisk, "mote zarr é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly [fact: string]: unknown;
}

const readAll = `${expectedInPython}
from ome_zarr_models.v05 import Image
told = []
for path in args:
    g = zarr.open_group(path, mode="r")
    model = Image.from_zarr(g).ome_attributes
    levels = [g[d.path] for d in model.multiscales[0].datasets]
    full = levels[0]
    n, h, w = full.shape
    same = [bool(np.array_equal(full[k], expected(k, h, w, str(full.dtype)))) for k in range(n)]
    halved = []
    for above, below in zip(levels, levels[1:]):
        wide = np.pad(above[:].astype("f8"), [(0, 0), (0, above.shape[1] % 2), (0, above.shape[2] % 2)], mode="edge")
        mean = (wide[:, 0::2, 0::2] + wide[:, 0::2, 1::2] + wide[:, 1::2, 0::2] + wide[:, 1::2, 1::2]) / 4
        if above.dtype.kind == "u": mean = np.floor(mean + 0.5)
        halved.append(bool(np.array_equal(mean.astype(above.dtype), below[:])))
    columns = {k: [str(a.dtype), a.shape[0]] for k, a in g["images"].arrays()}
    sums = [zlib.crc32(np.ascontiguousarray(full[k]).tobytes()) for k in range(n)]
    told.append({"same": all(same) and len(same) > 0, "dtype": str(full.dtype), "shape": full.shape, "halved": all(halved), "levels": [a.shape for a in levels],
      "dimensions": full.metadata.dimension_names, "chunks": full.chunks, "shards": full.shards,
      "axes": [[a.name, a.type, a.unit] for a in model.multiscales[0].axes],
      "scales": [[[t.type, list(getattr(t, t.type))] for t in d.coordinateTransformations] for d in model.multiscales[0].datasets],
      "window": g.attrs["ome"]["omero"]["channels"][0]["window"], "label": g.attrs["ome"]["omero"]["channels"][0]["label"],
      "numbers": g["images/frame_number"][:].tolist(), "stage": g["images/stage_x_um"][:].tolist(), "columns": sorted(columns), "lengths": sorted({l for _, l in columns.values()}),
      "sums": sums == g["images/pixels_crc32"][:].tolist(), "captured": [str(v) for v in g["images/captured_at_ns"][:]],
      "tracks": sorted(k for k, _ in g["tracks"].arrays()), "frame": g["tracks/frame"][:].tolist(), "particle": g["tracks/particle_id"][:].tolist(), "x": g["tracks/x"][:].tolist(),
      "fate": [g["ledger"].attrs["fates"][f] for f in g["ledger/fate"][:]], "ledger": g["ledger/frame_number"][:].tolist(),
      "mote": g.attrs["mote"]})
print(json.dumps(told))`;

describe.skipIf(!hasZarrJudge)(`zarr-python and ome-zarr-models${needsZarrJudge}`, () => {
  test("read every pixel type, codec, shard, level and column as it was written", { timeout: 90_000 }, async () => {
    const paths: string[] = [];
    for (const run of runs) paths.push(await write(folder, run));
    const told = askZarr<Told[]>(paths, readAll);
    for (const [index, run] of runs.entries()) {
      const { height, width } = run.shape;
      const facts = told[index]!;
      const numbers = Array.from({ length: run.frames }, (_, at) => (at === 0 ? 0 : at + 1));
      expect(facts, run.name).toMatchObject({
        same: true,
        halved: true,
        sums: true,
        dtype: run.pixelFormat,
        shape: [run.frames, height, width],
        dimensions: ["t", "y", "x"],
        chunks: [1, height, width],
        shards: run.framesPerShard === 1 ? null : [run.framesPerShard, height, width],
        axes: [
          ["t", "time", "second"],
          ["y", "space", "micrometer"],
          ["x", "space", "micrometer"],
        ],
        label: "sim",
        numbers,
        stage: numbers.map((_, at) => -1.5 * at),
        lengths: [run.frames],
        captured: numbers.map((number) => String(1_763_720_400_000_000_000n + BigInt(number) * 41_666_667n)),
        tracks: ["ecc", "ep", "frame", "mass", "particle_id", "raw_mass", "signal", "size", "timestamp", "x", "y"],
        frame: numbers.flatMap((number) => new Array(rowsAFrame).fill(number)),
        fate: ["stored", "gap", ...new Array(run.frames - 1).fill("stored")],
        ledger: Array.from({ length: run.frames + 1 }, (_, at) => at),
        mote: {
          is_complete: true,
          descriptor: { pixelSizeUm: 0.35, source: { µ: "é 'a' \"b\"" } },
          processing_metrics: { framesStored: run.frames },
        },
      });
      expect(facts.scales, run.name).toEqual(
        Array.from({ length: run.levels }, (_, level) => {
          const size = 0.35 * 2 ** level;
          const shift = ((2 ** level - 1) / 2) * 0.35;
          const scale = ["scale", [1 / 24, size, size]];
          return level === 0 ? [scale] : [scale, ["translation", [0, shift, shift]]];
        }),
      );
    }
  });

  test("open a store that is still being written, with every frame that was appended", async () => {
    const store = await open(folder, plain);
    const frame = newFrame(plain);
    const look = `${expectedInPython}
g = zarr.open_group(args[0], mode="r")
a = g["0"]
print(json.dumps([a.shape[0], all(bool(np.array_equal(a[k], expected(k, 53, 41, "uint16"))) for k in range(a.shape[0])), g.attrs["mote"]["is_complete"]]))`;
    for (const count of [0, 1, 2]) {
      expect(askZarr([join(folder, plain.name)], look)).toEqual([count, true, false]);
      fill(frame, plain, count);
      await store.append(frame);
    }
    await store.close(null);
    expect(askZarr([join(folder, plain.name)], look)).toEqual([3, true, false]);
  });
});
