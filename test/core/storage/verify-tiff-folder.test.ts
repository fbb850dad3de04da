/** A folder of single TIFFs: its journal tells a run that ended from one that was cut, and which files there were. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { formatOf } from "../../../src/core/storage/archive-formats.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { openTiffFolder } from "../../../src/core/storage/formats/tiff/tiff-folder.js";
import { verificationJson, verificationText } from "../../../src/core/storage/verify/verification-text.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { framesOf, quickFolder, recovered, verified } from "./verify-recover.js";

const descriptor: StreamDescriptor = fakeDescriptor({ shape: { height: 6, width: 8 }, detections: null });
const journal = "frame_N.tiffs.ndjson";
let folder: string;
let names = 0;
beforeAll(() => {
  folder = quickFolder("mote-verify-tiffs-");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function record(
  ending: "ended" | "cut",
  { place = join(folder, `run${names++}`), template = "frame_{frame:03}.tif", frames = 5 } = {},
): Promise<string> {
  const request = { where: "archive, --out tifs/", descriptor, names: { template, run: 2, date: "2026-11-20" } };
  const store = openTiffFolder({ folder: place, ...request });
  const frame = fakeFrame(fakeGeometry(descriptor, 0));
  for (let number = 0; number < frames; number++) {
    fillFrame(frame, descriptor, number, 0);
    frame.pixels.fill(number * 17 + 3);
    await store.append(frame);
  }
  if (ending === "ended") await store.close(end);
  else await store.close(null);
  return place;
}

async function codesOf(path: string): Promise<readonly string[]> {
  return (await verified(path)).findings.map(({ code }) => code);
}

test("a run that ended is whole, by its folder and by its journal, and comes back whole", async () => {
  const place = await record("ended");
  for (const path of [place, join(place, journal)]) {
    expect(await verified(path)).toMatchObject({ verdict: "whole", frames: 5, framesExpected: 5 });
  }
  expect(await recovered(place, `${place}.out`)).toMatchObject({ frames: 5, hasLoss: false, ending: "finished" });
  expect((await verified(`${place}.out`)).verdict).toBe("whole");
});

test("files beside the run's that nobody checks are told by number and kind; of a journal alone they are not asked for", async () => {
  const place = await record("ended");
  for (const name of ["grey.png", "notes.txt", "tracks.csv", ".hidden"]) writeFileSync(join(place, name), "");
  mkdirSync(join(place, "more"));
  const report = await verified(place);
  expect(report).toMatchObject({ verdict: "whole", otherFiles: ["grey.png", "notes.txt", "tracks.csv"] });
  expect(verificationText(report, 0).split("\n").at(-1)).toBe(
    "  other files   not checked  3 files that are not of the recording (.png, .txt, .csv)",
  );
  expect(verificationJson(report, 0).otherFiles).toEqual(["grey.png", "notes.txt", "tracks.csv"]);
  expect((await verified(join(place, journal))).otherFiles).toEqual([]);
  rmSync(join(place, journal));
  expect((await verified(place)).otherFiles).toHaveLength(3);
});

test("a run that was cut is incomplete, its lock is told, and so is what was got back of it", async () => {
  const place = await record("cut");
  const report = await verified(place);
  expect([report.verdict, report.frames, report.framesExpected]).toEqual(["incomplete", 5, null]);
  expect(report.findings.map(({ code }) => code)).toEqual(["completeness-missing", "writer-died"]);
  for (const out of [`${place}.out`, `${place}.mote`, `${place}.h5`]) {
    expect(await recovered(place, out)).toMatchObject({ frames: 5, hasLoss: true, ending: "unfinished" });
    const copy = await verified(out);
    expect([copy.verdict, copy.findings.map(({ code }) => code)]).toEqual(["incomplete", ["recording-cut"]]);
  }
  expect((await framesOf(`${place}.mote`)).map(({ number, pixels }) => [number, pixels[7]])).toEqual(
    Array.from({ length: 5 }, (_, k) => [k, k * 17 + 3]),
  );
});

test("a file that is gone is missing, with and without its line", async () => {
  const place = await record("ended");
  rmSync(join(place, "frame_004.tif"));
  expect(await codesOf(place)).toEqual(["file-missing"]);
  const recovery = await recovered(place, `${place}.h5`);
  expect([recovery.frames, recovery.lostFrames, recovery.hasLoss]).toEqual([4, 1, true]);
  const lines = readFileSync(join(place, journal), "utf8").split("\n");
  writeFileSync(join(place, journal), lines.filter((line) => !line.includes("frame_004")).join("\n"));
  expect(await codesOf(place)).toEqual(["journal-broken", "ledger-missing"]);
  expect((await recovered(place, `${place}.out`)).lostFrames).toBe(1);
});

test("a file in another's place, a changed one and one without a line are told by name", async () => {
  const place = await record("ended");
  copyFileSync(join(place, "frame_001.tif"), join(place, "frame_002.tif"));
  copyFileSync(join(place, "frame_001.tif"), join(place, "frame_009.tif"));
  const bytes = readFileSync(join(place, "frame_003.tif"));
  const at = bytes.indexOf(Buffer.from(new Uint16Array(4).fill(3 * 17 + 3).buffer));
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 1;
  writeFileSync(join(place, "frame_003.tif"), bytes);
  const report = await verified(place);
  expect(report.verdict).toBe("damaged");
  expect(report.findings.map(({ code, file }) => [code, file])).toEqual([
    ["ledger-damaged", "frame_002.tif"],
    ["checksums-damaged", "frame_003.tif"],
    ["line-missing", "frame_009.tif"],
  ]);
});

test("wherever the journal is cut, the folder is not whole", async () => {
  const place = await record("ended");
  const bytes = readFileSync(join(place, journal));
  for (let length = 0; length < bytes.length; length += 13) {
    writeFileSync(join(place, journal), bytes.subarray(0, length));
    expect((await verified(place)).verdict).not.toMatch(/whole|unchecked/);
  }
});

test("runs that share a folder, and folders of days, are all looked at; recover asks which", async () => {
  const place = await record("ended");
  await record("cut", { place, template: "{date}/run_{run:03}_{frame}.tif", frames: 2 });
  expect(await verified(place)).toMatchObject({ verdict: "incomplete", frames: 7 });
  const second = join(place, "2026-11-20", "run_002_N.tiffs.ndjson");
  expect((await verified(join(place, journal))).verdict).toBe("whole");
  expect((await verified(second)).verdict).toBe("incomplete");
  await expect(recovered(place, `${place}.h5`)).rejects.toThrow("2 runs share this folder");
  expect(existsSync(`${place}.h5`)).toBe(false);
  expect((await recovered(second, `${place}.h5`)).frames).toBe(2);
});

test("files whose journal is gone are not whole, and a replay does not know how their run ended", async () => {
  const place = await record("ended");
  rmSync(join(place, journal));
  const report = await verified(place);
  expect([report.verdict, report.findings.map(({ code, what }) => [code, what])]).toEqual([
    "incomplete",
    [["journal-missing", "the journal of 5 files is not there: what was lost is not known"]],
  ]);
  const replay = await runSource(acquire, { files: [place] });
  expect(replay.isComplete).toBe(false);
  expect(replay.warnings).toEqual([expect.stringContaining("frame_004.tif was cut short")]);
  // That of another run does not speak of them.
  await record("ended", { place, template: "other_{frame:03}.tif", frames: 2 });
  expect(await codesOf(place)).toEqual(["journal-missing"]);
});

test("a folder of files that name no journal is not checked for its end; one of two kinds is refused by name", async () => {
  const place = await record("ended");
  const copy = `${place}.copy`;
  mkdirSync(copy);
  const open = await containerFor("test", "one.tif").load();
  const store = await open({
    path: join(copy, "one.tif"),
    where: "test",
    descriptor,
    geometry: fakeGeometry(descriptor, 0),
  });
  const frame = fakeFrame(fakeGeometry(descriptor, 0));
  fillFrame(frame, descriptor, 0, 0);
  await store.append(frame);
  await store.close(end);
  const report = await verified(copy);
  expect([report.verdict, report.unchecked.map(({ aspect }) => aspect)]).toEqual(["unchecked", ["end"]]);
  writeFileSync(join(place, "run_001_journal.ndjson"), "");
  expect(() => formatOf("verify", place)).toThrow("a folder of JPEG XL frames and a folder of TIFFs");
});

test("a run that was killed before its first frame is incomplete, and gives nothing back", async () => {
  const place = await record("ended", { frames: 1 });
  const bytes = readFileSync(join(place, journal), "utf8");
  const empty = `${place}.empty`;
  mkdirSync(empty);
  writeFileSync(join(empty, journal), `${bytes.split("\n")[0]}\n`);
  expect(await codesOf(empty)).toEqual(["completeness-missing"]);
  await expect(recovered(empty, `${empty}.out`)).rejects.toThrow("holds no whole frame");
  renameSync(empty, `${empty}.gone`);
});

/** What a replay tells of frames that it does not hand over: "drop 3+1". */
async function toldBy(files: string | string[]): Promise<readonly string[]> {
  const { order } = await runSource(acquire, { files });
  return order.flatMap((one) =>
    typeof one === "object" && "firstFrame" in one ? [`${one.event} ${one.firstFrame}+${one.count}`] : [],
  );
}

test("what was lost between the files, behind them and a file that is gone are told at their place by a replay and by a copy", async () => {
  const place = join(folder, `run${names++}`);
  const template = "f_{frame}.tif";
  const store = openTiffFolder({ folder: place, where: "test", descriptor, names: { template, run: 1, date: "d" } });
  const frame = fakeFrame(fakeGeometry(descriptor, 0));
  const put = async (number: number) => {
    fillFrame(frame, descriptor, number, 0);
    await store.append(frame);
  };
  store.event({ event: "gap", firstFrame: 0, count: 2, reason: "late" });
  for (const number of [2, 3]) await put(number);
  store.event({ event: "duplicate", firstFrame: 3, count: 1, reason: "twice" });
  store.event({ event: "drop", stage: "track", firstFrame: 4, count: 3, reason: "queue full" });
  for (const number of [7, 8, 9]) await put(number);
  store.event({ event: "drop", stage: "archive", firstFrame: 10, count: 1, reason: "disk full" });
  // Of two more frames the end alone knows.
  await store.close({ ...end, lost: 8 });
  const told = ["gap 0+2", "duplicate 3+1", "drop 4+3", "drop 10+1", "drop 11+2"];
  expect(await toldBy(place)).toEqual(told);
  expect((await verified(place)).verdict).toBe("whole");
  for (const out of [`${place}.out`, `${place}.mote`, `${place}.h5`]) {
    await recovered(place, out);
    expect([out, (await toldBy(out)).slice(0, 4)]).toEqual([out, told.slice(0, 4)]);
  }
  rmSync(join(place, "f_8.tif"));
  expect(await toldBy(place)).toEqual([...told.slice(0, 3), "drop 8+1", "drop 10+1", "drop 11+2"]);
  rmSync(join(place, "f_9.tif"));
  expect(await toldBy(place)).toEqual([...told.slice(0, 3), "drop 8+1", "drop 9+1", "drop 10+1", "drop 11+2"]);
  // Files that were not asked for are no losses.
  expect(await toldBy([join(place, "f_3.tif"), join(place, "f_7.tif")])).not.toContain("gap 0+2");
  appendFileSync(join(place, "f_N.tiffs.ndjson"), "no line\n");
  await expect(toldBy(place)).rejects.toThrow("f_N.tiffs.ndjson beside it, at byte");
});
