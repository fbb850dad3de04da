import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TiffPage } from "../../../src/core/imaging/tiff/page.js";
import { headerToJson, readPageRecord } from "../../../src/core/imaging/tiff/page-json.js";
import { detectionColumns, detectionFields, extraColumns } from "../../../src/core/model/detection.js";
import { FrameHeader, frameFields, frameHeaderBytes } from "../../../src/core/model/frame-header.js";
import { frameTable } from "../../../src/core/storage/columns/frame-table.js";
import { ledgerColumns } from "../../../src/core/storage/columns/ledger-table.js";
import { trackTable, trackTableOf } from "../../../src/core/storage/columns/track-table.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { type H5Reader, openH5Reader } from "../../../src/core/storage/formats/h5/h5-reader.js";
import { entryOf, headerOf, isMetadata } from "../../../src/core/storage/formats/jxl/journal-entry.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { end, fakeDescriptor, fakeFrame, fillFrame } from "../fake-context.js";
import { eachFrame } from "./each-frame.js";
import { quickFolder } from "./verify-recover.js";

let folder: string;
beforeEach(() => {
  folder = quickFolder("mote-declared-");
});
afterEach(() => rmSync(folder, { recursive: true }));

const streams = {
  "with all columns": [...detectionColumns, ...extraColumns],
  "without the extra ones": detectionColumns,
};

/** Archives a frame whose every field has a value of its own. */
async function archived(name: string, columns: readonly string[], settings = {}): Promise<string> {
  const descriptor = fakeDescriptor({ detections: { columns: columns as typeof detectionColumns } });
  const { height, width } = descriptor.shape;
  const geometry = {
    pixelFormat: descriptor.pixelFormat,
    pixelBytes: height * width * 2,
    detectionRows: 8,
    detectionColumns: detectionColumns.length + extraColumns.length,
  };
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 1, 3);
  dressAll(frame.header);
  frame.detections.fill(16, detectionColumns.length * 3, (detectionColumns.length + extraColumns.length) * 3);
  const path = join(folder, name);
  const open = await containerFor("test", path).load();
  const store = await open({ path, where: `test, ${name}`, descriptor, geometry, settings });
  await store.append(frame);
  await store.close(end);
  return path;
}

function dressAll(header: FrameHeader): void {
  for (const [index, { set, type }] of frameFields.entries())
    set(header, type === "int64" ? BigInt(index + 2) : index + 2.5);
}

function dressed(): FrameHeader {
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  header.reset("uint16", 48, 64, 128, 16);
  dressAll(header);
  return header;
}

function valuesOf(header: FrameHeader) {
  return Object.fromEntries(frameFields.map(({ name, get }) => [name, get(header)]));
}

/** Names of what stands in a group of an HDF5 file, or in its dataset's attributes or members. */
async function inH5<Result>(path: string, look: (file: H5Reader) => Result): Promise<Result> {
  const file = await openH5Reader(path);
  try {
    return look(file);
  } finally {
    file.close();
  }
}

test("every column that archives have had is declared, in its place, and none is declared twice", () => {
  expect(frameTable.map(({ name, type }) => `${name} ${type}`).slice(0, 4)).toEqual([
    "frame_number int64",
    "device_frame_number int64",
    "captured_at_ns int64",
    "received_at_ns int64",
  ]);
  const frames = frameTable.map(({ name }) => name);
  expect(frames).toEqual(
    expect.arrayContaining([
      ...["source_index", "channel_index", "z_index", "position_index", "exposure_ms", "temperature_c", "stage_x_um"],
      ...["stage_y_um", "stage_z_um", "roi_x", "roi_y", "binning_x", "binning_y", "pixels_crc32"],
    ]),
  );
  expect(new Set(frames).size).toBe(frames.length);
  const tracks = trackTable.map(({ name }) => name);
  expect(tracks.slice(0, 12)).toEqual(
    "frame,particle_id,x,y,mass,ecc,size,signal,timestamp,raw_mass,ep,flags".split(","),
  );
  expect(new Set(tracks)).toEqual(new Set(["frame", "timestamp", ...Object.keys(detectionFields)]));
  for (const { meaning } of [...frameTable, ...trackTable, ...ledgerColumns]) expect(meaning).toMatch(/\w/);
});

describe.each(Object.entries(streams))("the table of detections of a stream %s", (_, columns) => {
  const declared = trackTableOf(columns).map(({ name, type }) => ({ name, type }));
  const names = declared.map(({ name }) => name);

  test("has the declared columns in CSV", async () => {
    expect(readFileSync(await archived("t.csv", columns), "latin1").split("\n")[0]).toBe(names.join(","));
  });

  test("in Parquet", async () => {
    const table = await openTable("test", await archived("t.parquet", columns));
    expect(table.columns).toEqual(names);
    table.close();
  });

  test("in documents, values of the frame first", async () => {
    const documents = readFileSync(await archived("t.ndjson", columns), "utf8")
      .trimEnd()
      .split("\n");
    const [, primary, , event] = documents.map((line) => JSON.parse(line).doc);
    expect(new Set(Object.keys(primary.data_keys))).toEqual(new Set(names));
    expect(Object.keys(event.data)).toEqual(Object.keys(primary.data_keys));
    const units = Object.entries<{ units?: string }>(primary.data_keys).map(([name, { units: unit }]) => [
      name,
      unit ?? null,
    ]);
    expect(Object.fromEntries(units)).toEqual(
      Object.fromEntries(trackTableOf(columns).map(({ name, unit }) => [name, unit])),
    );
  });

  test("in both layouts of HDF5, with the declared types", async () => {
    const letters = { int64: "<q", float64: "<d" };
    await inH5(await archived("t.h5", columns), (file) => {
      const found = file.paths
        .filter((path) => path.startsWith("/tracks/"))
        .map((path) => [path.slice(8), file.dataset(path)!.type]);
      expect(Object.fromEntries(found)).toEqual(
        Object.fromEntries(declared.map(({ name, type }) => [name, letters[type]])),
      );
    });
    const settings = {
      hdf5: { filter: "none", layout: "per-frame", split: null, trackColumns: null, trackType: "float64" },
    };
    await inH5(await archived("p.h5", columns, settings), (file) => {
      expect(file.dataset("/tracks/frame_000002")!.members).toEqual(names);
    });
  });

  test("in Zarr, with the declared types", async () => {
    const store = await archived("t.ome.zarr", columns);
    const found = readdirSync(join(store, "tracks"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const typeOf = (name: string) =>
      JSON.parse(readFileSync(join(store, "tracks", name, "zarr.json"), "utf8")).data_type;
    expect(Object.fromEntries(found.map(({ name }) => [name, typeOf(name)]))).toEqual(
      Object.fromEntries(declared.map(({ name, type }) => [name, type])),
    );
  });
});

describe("the fields of a frame", () => {
  const names = frameTable.map(({ name }) => name);

  test("are the columns beside a stack in HDF5 and the attributes of a frame on its own, and come back from both", async () => {
    await inH5(await archived("f.h5", detectionColumns), (file) => {
      const found = file.paths.filter((path) => /^\/images\/(?!frames$)/.test(path)).map((path) => path.slice(8));
      expect(found.sort()).toEqual([...names].sort());
    });
    const settings = {
      hdf5: { filter: "none", layout: "per-frame", split: null, trackColumns: null, trackType: "float64" },
    };
    await inH5(await archived("g.h5", detectionColumns, settings), (file) => {
      expect([...file.attributes("/images/frame_000002").keys()]).toEqual(expect.arrayContaining([...names]));
    });
  });

  test("are the arrays of images/ in Zarr, which says so", async () => {
    const store = await archived("f.ome.zarr", detectionColumns);
    const found = readdirSync(join(store, "images"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(JSON.parse(readFileSync(join(store, "images/zarr.json"), "utf8")).attributes.columns).toEqual(names);
  });

  test("come back from every container of frames as they were", async () => {
    for (const name of ["f.mote", "f.h5", "f.ome.zarr", "f.tif", "f.ome.tif"]) {
      const path = await archived(name, detectionColumns);
      for await (const { recorded } of eachFrame(path))
        expect([name, valuesOf(recorded!)]).toEqual([name, valuesOf(dressed())]);
    }
  });

  test("are in the description of a TIFF page and in a line of the journal of JPEG XL, and come back from them", () => {
    const header = dressed();
    const json = headerToJson(header, 7);
    expect(Object.keys(json).sort()).toEqual([...names, "bit_depth"].sort());
    const page = { pixelFormat: "uint16", height: 48, width: 64 } as TiffPage;
    expect(valuesOf(readPageRecord(JSON.stringify(json), page)!.header)).toEqual(valuesOf(header));
    const own = { file: "a.jxl", bytes: 1, rawBytes: 6144, crc32: "00000007", isVerified: true };
    const entry = JSON.parse(JSON.stringify(entryOf(header, own)));
    expect(isMetadata(entry)).toBe(true);
    expect(valuesOf(headerOf(entry, { pixelFormat: "uint16", shape: { height: 48, width: 64 } }))).toEqual(
      valuesOf(header),
    );
  });
});
