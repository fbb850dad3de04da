import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { column } from "../../../src/core/model/detection.js";
import { type Hdf5Filter, hdf5FilterNames } from "../../../src/core/storage/formats/h5/filters.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { openH5Store } from "../../../src/core/storage/formats/h5/h5-store.js";
import type { FrameStore } from "../../../src/core/storage/frame-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { quickFolder } from "./verify-recover.js";

let folder: string;
beforeEach(() => {
  folder = quickFolder("mote h5 é-");
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(descriptor: StreamDescriptor, hdf5Filter: Hdf5Filter = "zstd", name = "run.h5"): Promise<FrameStore> {
  const geometry = fakeGeometry(descriptor);
  const path = join(folder, name);
  return Promise.resolve(
    openH5Store({
      path,
      where: "archive, --out run.h5",
      descriptor,
      geometry,
      settings: { hdf5: { ...defaultHdf5, filter: hdf5Filter } },
    }),
  );
}

function append(store: FrameStore, descriptor: StreamDescriptor, numbers: readonly number[], rows = 5): void {
  const frame = fakeFrame(fakeGeometry(descriptor));
  for (const number of numbers) {
    fillFrame(frame, descriptor, number, rows);
    store.append(frame);
  }
}

test("a run that fails before its first frame leaves nothing", async () => {
  (await open(fakeDescriptor())).close(null);
  expect(existsSync(join(folder, "run.h5"))).toBe(false);
});

test("a folder that is not there is named in the system's words", async () => {
  const descriptor = fakeDescriptor();
  const path = join(folder, "no", "run.h5");
  const where = "archive, --out no/run.h5";
  await expect(openH5Store({ path, where, descriptor, geometry: fakeGeometry(descriptor) })).rejects.toThrow("ENOENT");
});

test("a file of a split archive that cannot be made leaves no lock beside its name", async () => {
  const descriptor = fakeDescriptor();
  writeFileSync(join(folder, "run_000.h5"), "another's");
  const request = { path: join(folder, "run.h5"), where: "archive", descriptor, geometry: fakeGeometry(descriptor) };
  const settings = { hdf5: { ...defaultHdf5, split: { frames: 2 } } };
  await expect(openH5Store({ ...request, settings })).rejects.toThrow("run_000.h5");
  expect(readdirSync(folder)).toEqual(["run_000.h5"]);
});

describe.skipIf(!hasJudge)(`as h5py reads it${needsJudge}`, () => {
  for (const filter of hdf5FilterNames) {
    for (const pixelFormat of ["uint8", "uint16", "float32"] as const) {
      test(`${filter} gives the pixels of ${pixelFormat} back`, async () => {
        const descriptor = fakeDescriptor({ pixelFormat });
        const store = await open(descriptor, filter);
        append(store, descriptor, [0, 1, 2]);
        store.close(end);
        const told = askJudge(
          store.frames === 3 ? join(folder, "run.h5") : "",
          `f = h5py.File(path)
a = f["images/frames"]
n, h, w = a.shape
want = np.stack([(np.arange(h * w) * 31 + k * 7919) % 251 for k in range(n)]).reshape(a.shape)
print(json.dumps({"dtype": str(a.dtype), "shape": a.shape, "chunks": a.chunks, "same": bool((a[:] == want).all())}))`,
        );
        expect(told).toEqual({ dtype: pixelFormat, shape: [3, 48, 64], chunks: [1, 48, 64], same: true });
      });
    }
  }

  test("columns, attributes and the ledger", async () => {
    const descriptor = fakeDescriptor();
    const store = await open(descriptor);
    append(store, descriptor, [0, 1]);
    store.event({ event: "gap", firstFrame: 2, count: 3, reason: "device gap" });
    store.event({ event: "note", text: "light on" });
    append(store, descriptor, [5]);
    store.event({ event: "drop", stage: "acquire", firstFrame: 6, count: 5000, reason: "queue full" });
    store.close({ ...end, lost: 5003 });
    const told = askJudge(
      join(folder, "run.h5"),
      `f = h5py.File(path)
l = f["metadata/ledger"]
t = f["tracks"]
m = f["metadata"].attrs
print(json.dumps({
  "frame_number": f["images/frame_number"][:].tolist(), "captured": str(f["images/captured_at_ns"][2]), "exposure": f["images/exposure_ms"][:].tolist(),
  "device": f["images/device_frame_number"][:].tolist(), "types": [str(f["images/received_at_ns"].dtype), str(t["x"].dtype), str(t["particle_id"].dtype)],
  "tracks": sorted(t.keys()), "frame": t["frame"][:].tolist(), "id": t["particle_id"][:].tolist(), "x": t["x"][:].tolist(), "ep": np.isnan(t["ep"][:]).tolist(), "time": t["timestamp"][0],
  "rows": len(l), "names": l.dtype.names, "fates": [str(s) for s in l.attrs["fates"]], "fate": l["fate"][:].tolist(), "spans": l["frames"][:].tolist(), "number": l["frame_number"][:].tolist(),
  "complete": int(m["is_complete"]), "acquisition": json.loads(m["acquisition_params"])["source"], "tracking": json.loads(m["tracking_config"])["diameter"], "metrics": json.loads(m["processing_metrics"]),
  "system": sorted(json.loads(m["system_info"])), "um": float(f["images/frames"].attrs["pixel_size_um"]), "element": f["images/frames"].attrs["element_size_um"].tolist()}))`,
    ) as Record<string, unknown>;
    expect(told).toMatchObject({
      frame_number: [0, 1, 5],
      device: [1000, 1001, 1005],
      captured: String(1_763_720_400_000_000_000n + 5n * 41_666_667n),
      exposure: [12.5, 12.5, 12.5],
      types: ["int64", "float64", "int64"],
      tracks: ["ecc", "ep", "frame", "mass", "particle_id", "raw_mass", "signal", "size", "timestamp", "x", "y"],
      frame: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 5, 5, 5, 5, 5],
      id: [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4],
      time: 1763720400,
      rows: 5,
      names: [
        "frame_number",
        "device_frame_number",
        "captured_at_ns",
        "received_at_ns",
        "detections",
        "frames",
        "fate",
      ],
      fates: ["stored", "gap", "drop", "duplicate", "image not stored"],
      fate: [0, 0, 1, 0, 2],
      spans: [1, 1, 3, 1, 5000],
      number: [0, 1, 2, 5, 6],
      complete: 1,
      acquisition: { camera: "sim" },
      tracking: 11,
      metrics: { framesStored: 3, detectionsStored: 15, isComplete: true, lost: 5003, stages: [] },
      um: 0.35,
      element: [1, 0.35, 0.35],
    });
    const frame = fakeFrame(fakeGeometry(descriptor));
    fillFrame(frame, descriptor, 1, 5);
    const x = [...frame.detections.subarray(column.x * 5, column.x * 5 + 5)];
    expect((told.x as number[]).slice(5, 10)).toEqual(x);
  });

  test("a stream of detections only has no images, one of frames only no tracks", async () => {
    const only = fakeDescriptor({ hasFrames: false });
    const store = await open(only);
    append(store, only, [0, 1]);
    store.close(end);
    const keys = `print(json.dumps(sorted(h5py.File(path).keys())))`;
    expect(askJudge(join(folder, "run.h5"), keys)).toEqual(["metadata", "tracks"]);
    const plain = fakeDescriptor({ detections: null, isLinked: false });
    const second = await open(plain, "none", "plain.h5");
    append(second, plain, [0, 1], 0);
    second.close(end);
    expect(askJudge(join(folder, "plain.h5"), keys)).toEqual(["images", "metadata"]);
  });

  test("a frame whose image is given up has its detections, and says so in the ledger", async () => {
    const descriptor = fakeDescriptor();
    const store = await open(descriptor);
    append(store, descriptor, [0]);
    const frame = fakeFrame(fakeGeometry(descriptor));
    fillFrame(frame, descriptor, 1, 5);
    await store.appendDetections!(frame);
    append(store, descriptor, [2]);
    store.close({ ...end, notStored: 1 });
    expect([store.frames, store.rows]).toEqual([2, 15]);
    const told = askJudge(
      join(folder, "run.h5"),
      `f = h5py.File(path); l = f["metadata/ledger"]
print(json.dumps({"images": f["images/frame_number"][:].tolist(), "tracks": f["tracks/frame"][::5].tolist(), "fates": [str(l.attrs["fates"][k]) for k in l["fate"]], "found": l["detections"].tolist(), "complete": int(f["metadata"].attrs["is_complete"])}))`,
    );
    expect(told).toEqual({
      images: [0, 2],
      tracks: [0, 1, 2],
      fates: ["stored", "image not stored", "stored"],
      found: [5, 5, 5],
      complete: 0,
    });
  });

  test("the rows of a frame are in the file with it, at every moment and wherever its frames end", async () => {
    const descriptor = fakeDescriptor({ shape: { height: 4, width: 4 } });
    const store = await open(descriptor, "none");
    for (const last of [0, 1, 7, 149]) {
      append(
        store,
        descriptor,
        Array.from({ length: last + 1 - store.frames }, (_, at) => store.frames + at),
      );
      const told = askJudge(
        join(folder, "run.h5"),
        `f = h5py.File(path); print(json.dumps([len(f["images/frames"]), int(f["metadata/ledger"]["detections"].sum()), sorted({len(f["tracks"][c]) for c in f["tracks"]}), int(f["tracks/frame"][-1])]))`,
      );
      expect(told).toEqual([last + 1, 5 * (last + 1), [5 * (last + 1)], last]);
    }
    store.close(end);
  });

  test("a failed run keeps what it stored and says that it was not completed", async () => {
    const descriptor = fakeDescriptor();
    const store = await open(descriptor);
    append(store, descriptor, [0, 1]);
    store.close(null);
    const script = `f = h5py.File(path); print(json.dumps([len(f["images/frames"]), int(f["metadata"].attrs["is_complete"])]))`;
    expect(askJudge(join(folder, "run.h5"), script)).toEqual([2, 0]);
  });
});
