/** Our TIFF files as tifffile and libtiff read them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pixelFormats } from "../../../src/core/model/pixel-format.js";
import { testWithLibtiff } from "../../judges.js";
import { end, fakeFrame, fakeGeometry } from "../fake-context.js";
import { askTifffile, hasTiffJudge, needsTiffJudge } from "./tiff-judge.js";
import { describeRun, fill, open, plain, runs, shape, write } from "./tiff-runs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote tiff é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const readAll = `told = []
for path in paths:
    with tifffile.TiffFile(path) as f:
        page, series = f.pages[0], f.series[0]
        a = series.asarray()
        n, h, w = a.shape
        same = all(np.array_equal(a[k], expected(k, h, w, a.dtype)) for k in range(n))
        told.append({"same": same, "shape": a.shape, "dtype": str(a.dtype), "axes": series.axes, "pages": len(f.pages),
          "big": f.is_bigtiff, "ome": bool(f.is_ome), "compression": page.compression.name, "predictor": int(page.predictor),
          "software": page.software, "unit": int(page.resolutionunit), "resolution": list(page.resolution),
          "time": str(page.datetime), "json": [f.pages.get(k, aspage=True).description for k in range(n)]})
print(json.dumps(told))`;

interface Told {
  readonly json: string[];
  readonly [fact: string]: unknown;
}

describe.skipIf(!hasTiffJudge)(`tifffile${needsTiffJudge}`, () => {
  test("reads every format, compression and predictor as it was written", { timeout: 60_000 }, async () => {
    const paths: string[] = [];
    for (const run of runs) paths.push(await write(folder, run));
    const told = askTifffile<Told[]>(paths, readAll);
    for (const [index, run] of runs.entries()) {
      const isOme = run.name.endsWith(".ome.tif");
      expect(told[index], run.name).toMatchObject({
        same: true,
        shape: [3, shape.height, shape.width],
        dtype: run.pixelFormat,
        axes: isOme ? "TYX" : "IYX",
        pages: 3,
        big: run.frameCount === null,
        ome: isOme,
        compression: { none: "NONE", lzw: "LZW", deflate: "ADOBE_DEFLATE", zstd: "ZSTD" }[run.compression],
        predictor: run.isPredicted ? (run.pixelFormat === "float32" ? 3 : 2) : 1,
        software: "mote 0.1.0",
        unit: 3,
        time: "2025-11-21 10:20:00",
      });
      const [x] = told[index]!.resolution as [number, number];
      expect(x).toBeCloseTo(1e4 / 0.35, 4);
      expect(JSON.parse(told[index]!.json[2]!)).toMatchObject({
        frame_number: 3,
        captured_at_ns: "1763720400083333334",
      });
      if (isOme) continue;
      expect(JSON.parse(told[index]!.json[0]!)).toMatchObject({
        frame_number: 0,
        exposure_ms: 12.5,
        stream: {
          shape: [301, 257],
          pixel_size_um: 0.35,
          rate_hz: 24,
          source: { µ: "é" },
          produced_by: [{ stage: "acquire" }, {}],
        },
      });
    }
  });

  test("finds pixel size, significant bits and the time of every plane in the OME-XML", async () => {
    const path = await write(folder, { ...plain, name: "a & <b> 𝄞.ome.tiff", frames: 5 });
    const script = `import xml.etree.ElementTree as E
root = E.fromstring(tifffile.TiffFile(paths[0]).ome_metadata)
ns = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
image = root.find(ns + "Image")
print(json.dumps({"name": image.get("Name"), "date": image.find(ns + "AcquisitionDate").text, "pixels": image.find(ns + "Pixels").attrib,
  "order": [e.tag[len(ns):] for e in image.find(ns + "Pixels")], "delta": [e.get("DeltaT") for e in root.iter(ns + "Plane")]}))`;
    expect(askTifffile([path], script)).toMatchObject({
      name: "a & <b> 𝄞.ome.tiff",
      date: "2025-11-21T10:20:00.000Z",
      pixels: { SizeT: "5", SizeX: "257", SizeY: "301", Type: "uint16", PhysicalSizeX: "0.35", SignificantBits: "12" },
      order: ["Channel", "TiffData", "Plane", "Plane", "Plane", "Plane", "Plane"],
      delta: ["0.000000000", "0.041666667", "0.083333334", "0.125000001", "0.166666668"],
    });
  });

  test("opens a file of one frame and one that is still being written", async () => {
    const one = await write(folder, { ...plain, frames: 1, name: "one.ome.tif" });
    const store = open(folder, { ...plain, name: "open.ome.tif" });
    const descriptor = describeRun(plain);
    const frame = fakeFrame(fakeGeometry(descriptor, 0));
    for (const number of [0, 1]) {
      fill(frame, descriptor, number);
      await store.append(frame);
    }
    const script =
      'print(json.dumps([[list(tifffile.imread(p).shape), bool(np.array_equal(np.atleast_3d(tifffile.imread(p)).reshape(-1, 301, 257)[-1], expected(k, 301, 257, "uint16")))] for k, p in enumerate(paths)]))';
    const told = askTifffile([one, join(folder, "open.ome.tif")], script);
    await store.close(end);
    expect(told).toEqual([
      [[301, 257], true],
      [[2, 301, 257], true],
    ]);
  });
});

describe("libtiff", () => {
  for (const pixelFormat of pixelFormats) {
    testWithLibtiff(`decodes ${pixelFormat} of every compression and predictor to the same pixels`, async () => {
      const plainPath = await write(folder, { ...plain, pixelFormat, name: "plain.tif" });
      for (const run of runs.filter((one) => one.pixelFormat === pixelFormat)) {
        const path = await write(folder, run);
        // -t: it tells the tags that differ, and goes on; pixels must not, on any page.
        const compared = spawnSync("tiffcmp", ["-t", plainPath, path], { encoding: "utf8" });
        expect([compared.status, compared.stderr], run.name).toEqual([0, ""]);
        expect(compared.stdout, run.name).toContain("Directory 2:\n");
        const info = spawnSync("tiffinfo", ["-D", path], { encoding: "utf8" });
        expect([info.status, info.stderr], run.name).toEqual([0, ""]);
        expect(info.stdout.match(/^=== TIFF directory/gm)?.length, run.name).toBe(3);
        expect(info.stdout.match(/Software: mote 0\.1\.0/g)?.length).toBe(3);
      }
      const other = join(folder, "other.tif");
      const bytes = readFileSync(plainPath);
      bytes[Math.round(bytes.length * 0.9)]! ^= 1;
      writeFileSync(other, bytes);
      expect(spawnSync("tiffcmp", ["-t", plainPath, other]).status, "one bit of the last page").toBe(1);
    });
  }
});
