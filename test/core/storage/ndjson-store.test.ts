import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { column } from "../../../src/core/model/detection.js";
import { openNdjsonStore } from "../../../src/core/storage/formats/ndjson/ndjson-store.js";
import type { StoreRequest } from "../../../src/core/storage/frame-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";

const descriptor = fakeDescriptor();
const geometry = fakeGeometry(descriptor);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote ndjson é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function request(name = "tracks.ndjson"): StoreRequest {
  const path = join(folder, name);
  return { path, where: `archive, --out ${name}`, descriptor, geometry };
}

interface Document {
  name: string;
  doc: Record<string, unknown> & { data: Record<string, unknown> };
}

function documentsIn(path: string): Document[] {
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line) as Document);
}

/** Three frames, of 6, 0 and 3 rows, and a gap of two before the last, which has no capture time. */
function record(): string {
  const store = openNdjsonStore(request());
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 6);
  store.append(frame);
  fillFrame(frame, descriptor, 1, 0);
  store.append(frame);
  store.event({ event: "gap", firstFrame: 2, count: 2, reason: "device" });
  store.event({ event: "note", text: "light on", light: "blue" });
  fillFrame(frame, descriptor, 4, 3);
  frame.header.capturedAtNs = 0n;
  store.append(frame);
  store.close(end);
  return request().path;
}

test("a run is start, descriptors, an event a frame with what happened between, and stop", () => {
  const documents = documentsIn(record());
  const [start, primary, between] = documents.map(({ doc }) => doc);
  expect(documents.map(({ name }) => name)).toEqual([
    "start",
    "descriptor",
    "descriptor",
    ...Array(5).fill("event"),
    "stop",
  ]);
  expect(start).toMatchObject({ pixelSizeUm: 0.35, producedBy: descriptor.producedBy });
  expect(primary).toMatchObject({ name: "primary", run_start: start!.uid });
  expect(primary!.data_keys).toMatchObject({
    x: { dtype: "array", units: "px" },
    timestamp: { dtype: "number", units: "s" },
  });
  const events = documents.slice(3, -1).map(({ doc }) => doc);
  expect(
    events.map(({ descriptor: uid }) => (uid === primary!.uid ? "frame" : uid === between!.uid ? "between" : "?")),
  ).toEqual(["frame", "frame", "between", "between", "frame"]);
  expect(events.map((doc) => doc.seq_num)).toEqual([1, 2, 1, 2, 3]);
  for (const doc of [...events]) {
    const described = doc.descriptor === primary!.uid ? primary : between;
    expect(Object.keys(doc.data)).toEqual(Object.keys(described!.data_keys as object));
    expect(Object.keys(doc.timestamps as object)).toEqual(Object.keys(doc.data));
  }
  expect(events[2]!.data).toMatchObject({ event: "gap", first_frame: 2, count: 2, reason: "device", details: null });
  expect(events[3]!.data).toMatchObject({ event: "note", details: '{"text":"light on","light":"blue"}' });
  expect(documents.at(-1)!.doc).toMatchObject({
    run_start: start!.uid,
    exit_status: "success",
    num_events: { primary: 3, events: 2 },
  });
  expect(new Set(documents.map(({ doc }) => doc.uid)).size).toBe(documents.length);
});

test("numbers are those of the detections to the bit; what there is none of is null", () => {
  const [first, , , , last] = documentsIn(record())
    .slice(3, -1)
    .map(({ doc }) => doc);
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 6);
  const values = (name: keyof typeof column) => [...frame.detections.subarray(column[name] * 6, column[name] * 6 + 6)];
  expect(first!.data).toMatchObject({ frame: 0, timestamp: 1763720400, x: values("x"), mass: values("mass") });
  expect(first!.data.ep).toEqual(values("ep").map((value) => (Number.isNaN(value) ? null : value)));
  expect((first!.data.ep as unknown[])[4]).toBeNull();
  expect(last!.data).toMatchObject({ frame: 4, timestamp: null });
  expect(last!.time).toBeGreaterThan(1.7e9);
});

test("a particle that was not linked is null", () => {
  const store = openNdjsonStore(request());
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 7);
  store.append(frame);
  store.close({ ...end, isComplete: false, lost: 3 });
  const documents = documentsIn(request().path);
  expect(documents[3]!.doc.data.particle_id).toEqual([0, 1, 2, 3, 4, 5, null]);
  expect(documents.at(-1)!.doc).toMatchObject({ exit_status: "abort", lost: 3 });
});

test("a run that failed says so, or leaves nothing when it had no frame", () => {
  const store = openNdjsonStore(request());
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 2);
  store.append(frame);
  store.close(null);
  expect(documentsIn(request().path).at(-1)).toMatchObject({ name: "stop", doc: { exit_status: "fail" } });
  const full = openNdjsonStore(request("full.ndjson"));
  full.append(frame);
  full.close({ ...end, isComplete: false, notStored: 2 });
  expect(documentsIn(request("full.ndjson").path).at(-1)!.doc).toMatchObject({
    exit_status: "abort",
    reason: "the disk refused 2 frames",
  });
  openNdjsonStore(request("none.ndjson")).close(null);
  expect(existsSync(join(folder, "none.ndjson"))).toBe(false);
});

test("a file in the way is refused, and not touched", () => {
  writeFileSync(join(folder, "tracks.ndjson"), "x".repeat(100_000));
  expect(() => openNdjsonStore(request())).toThrow("exists already");
  expect(readFileSync(request().path, "utf8")).toBe("x".repeat(100_000));
});

describe.skipIf(!hasTableJudge)(`pandas${needsTableJudge}`, () => {
  test("makes a row a detection of the events", () => {
    const told = askPandas<unknown>(
      [record()],
      `d = pd.read_json(paths[0], lines=True)
events = pd.DataFrame([e["data"] for e in d.doc[d.name == "event"] if "x" in e["data"]])
t = events.explode([c for c in events if c not in ("frame", "timestamp")]).dropna(subset="x")
print(json.dumps([d.name.tolist(), t.frame.tolist()]))`,
    );
    const names = ["start", "descriptor", "descriptor", ...Array(5).fill("event"), "stop"];
    expect(told).toEqual([names, [0, 0, 0, 0, 0, 0, 4, 4, 4]]);
  });
});
