/** The serial part of compress over stubbed and real codecs: what is proven, named, resumed, quarantined and refused. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compress } from "../../../src/commands/compress.js";
import { readXml } from "../../../src/core/codecs/jxl/container.js";
import { openJxlDecoder, openJxlEncoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import type { MoteError } from "../../../src/core/errors.js";
import { bytesAsSource } from "../../../src/core/imaging/byte-source.js";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { decodeOptions, type RawOptions } from "../../../src/core/option/decode-options.js";
import type { StreamOrigin } from "../../../src/core/pipeline/stage.js";
import { encodeFrame, type FrameCodec } from "../../../src/core/storage/formats/jxl/encode-frame.js";
import { borrowEncoded, storeEncoded } from "../../../src/core/storage/formats/jxl/encoded-product.js";
import { fixedPlace, openPlace, type PlacePlan } from "../../../src/core/storage/formats/jxl/folder-place.js";
import { type FrameFolderPlan, openFrameFolder } from "../../../src/core/storage/formats/jxl/frame-folder.js";
import { readFrameXmp } from "../../../src/core/storage/formats/jxl/frame-xmp.js";
import { readJournal } from "../../../src/core/storage/formats/jxl/journal.js";
import { headerOf } from "../../../src/core/storage/formats/jxl/journal-entry.js";
import { createSourceFiles } from "../../../src/core/storage/formats/jxl/source-files.js";
import { compileNames, templateFault } from "../../../src/core/storage/image-folder/name-template.js";
import { epochNs } from "../../../src/core/time.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";

let folder: string;
const warnings: string[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "mote compress é-")), "jxl");
  warnings.length = 0;
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

const descriptor = fakeDescriptor({ detections: null });
const real: FrameCodec = { encoder: await openJxlEncoder(1), decoder: await openJxlDecoder() };

function open(given: Partial<FrameFolderPlan> = {}) {
  return openFrameFolder({
    where: "compress, --out jxl",
    folder,
    names: compileNames("frame_{frame:06}.jxl", { run: 1, date: "2026-11-20" }),
    isResumed: false,
    journal: "journal.ndjson",
    descriptor,
    startedAtNs: epochNs(5n),
    verifyEvery: 1,
    sources: createSourceFiles(false, () => {}),
    openCodec: async () => real,
    warn: (text) => warnings.push(text),
    ...given,
  });
}

function frameOf(number: number): Frame {
  const frame = fakeFrame(fakeGeometry(descriptor));
  fillFrame(frame, descriptor, number, 0);
  return frame;
}

/** Decodes to one wrong sample. */
const lying: FrameCodec = {
  encoder: real.encoder,
  decoder: {
    borrowDecoded(coded) {
      const decoded = real.decoder.borrowDecoded(coded);
      const samples = decoded.samples.slice();
      samples[1234]! ^= 1;
      return { ...decoded, samples };
    },
  },
};

async function store(count: number, given: Partial<FrameFolderPlan> = {}) {
  const target = open(given);
  try {
    for (let number = 0; number < count; number++) await target.store(frameOf(number));
    target.end(end);
  } finally {
    target.close();
  }
  return target.counts;
}

test("a codec that gives one wrong bit back is caught before a file appears, in the mapper's part too", () => {
  expect(() => encodeFrame(lying, frameOf(0), descriptor.shape, 1)).toThrow(
    /decodes to other pixels: byte 1234 is \d+, expected \d+/,
  );
  expect(encodeFrame(lying, frameOf(0), descriptor.shape, 0).isVerified).toBe(false);
  expect(encodeFrame(lying, frameOf(3), descriptor.shape, 2).isVerified).toBe(false);
  expect(() => encodeFrame(lying, frameOf(4), descriptor.shape, 2)).toThrow("decodes to other pixels");
});

test("a frame that fails three times goes to quarantine with its pixels and the reason; the others are stored", async () => {
  let opened = 0;
  const target = open({ openCodec: async () => (opened++ < 3 ? lying : real) });
  expect(await target.store(frameOf(0))).toBe("quarantined");
  expect(await target.store(frameOf(1))).toBe("stored");
  target.close();
  expect(target.counts).toMatchObject({ stored: 1, verified: 1, quarantined: 1 });
  expect(readdirSync(folder).sort()).toEqual(["frame_000001.jxl", "journal.ndjson", "quarantine"]);
  const raw = readFileSync(join(folder, "quarantine/frame_000000.raw"));
  expect(raw.equals(Buffer.from(frameOf(0).pixels.buffer, frameOf(0).pixelsOffset, raw.length))).toBe(true);
  const about = JSON.parse(readFileSync(join(folder, "quarantine/frame_000000.json"), "utf8"));
  expect(about).toMatchObject({ frame: 0, attempts: 3, pixelFormat: "uint16", height: 48, width: 64, device: 1000 });
  expect(about.reason).toContain("decodes to other pixels: byte 1234");
  expect(warnings[0]).toContain("frame 0 failed 3 times");
  expect(readFileSync(join(folder, "journal.ndjson"), "utf8")).toContain('"quarantined":0');
});

test("a frame that found no room is lost in the end that the journal tells, which is not complete then", async () => {
  const target = open();
  await target.store(frameOf(0));
  target.miss();
  target.end({ ...end, lost: 2 });
  target.close();
  expect(readJournal(folder)!.end).toEqual({ isComplete: false, isCut: false, lost: 3 });
});

test("what a mapper encoded is stored without encoding again, and what did not fit is not handed on", async () => {
  const frame = frameOf(0);
  const before = frame.bytes.slice();
  const encoded = encodeFrame(real, frame, descriptor.shape, 1);
  const bytes = encoded.bytes.slice();
  const product = { room: new Uint8Array(frame.pixels.byteLength), length: 0 };
  storeEncoded(product, { ...encoded, bytes: new Uint8Array(product.room.length - 7) });
  expect(borrowEncoded(product)).toBeUndefined();
  storeEncoded(product, { ...encoded, bytes });
  expect(borrowEncoded(product)).toEqual({ bytes, crc32: encoded.crc32, isVerified: true });
  const target = open({ openCodec: () => Promise.reject(new Error("is not needed")) });
  await target.store(frame, product);
  target.close();
  expect(readFileSync(join(folder, "frame_000000.jxl")).includes(Buffer.from(bytes))).toBe(true);
  expect(frame.bytes).toEqual(before);
});

test("the journal gives every field of the frame's header back", async () => {
  await store(2);
  const entry = readJournal(folder)!.byFile.get("frame_000001.jxl")!;
  const header = headerOf(entry, descriptor);
  const was = frameOf(1).header;
  for (const name of ["frameNumber", "deviceFrameNumber", "capturedAtNs", "receivedAtNs", "exposureMs", "stageXUm"]) {
    expect(header[name as keyof typeof header], name).toEqual(was[name as keyof typeof was]);
  }
});

test("a file in the way is never replaced: the run fails by its name", async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, "frame_000001.jxl"), "mine");
  await expect(store(3)).rejects.toThrow("frame_000001.jxl: exists already");
  expect(readFileSync(join(folder, "frame_000001.jxl"), "utf8")).toBe("mine");
  expect(readdirSync(folder).sort()).toEqual(["frame_000000.jxl", "frame_000001.jxl", "journal.ndjson"]);
});

test("a resumed run skips what is there, adopts a file whose line was cut, and writes the rest", async () => {
  await store(4);
  const journal = join(folder, "journal.ndjson");
  const lines = readFileSync(journal, "utf8").split("\n");
  // Cut in the middle of frame 2's line: its file and frame 3's are there, the end is not. A half-written file, too.
  writeFileSync(journal, `${lines.slice(0, 3).join("\n")}\n${lines[3]!.slice(0, 40)}`);
  rmSync(join(folder, "frame_000003.jxl"));
  writeFileSync(join(folder, ".frame_000003.jxl.part"), "half");
  expect(await store(5, { isResumed: true })).toMatchObject({ resumed: 2, stored: 3, verified: 3 });
  expect([...readJournal(folder)!.byFrame.keys()]).toEqual([0, 1, 2, 3, 4]);
  expect(readdirSync(folder).length).toBe(6);
  expect(await store(5, { isResumed: true })).toMatchObject({ resumed: 5, stored: 0 });
});

test("a resumed run refuses other pixels under a number that is there, and a file that is not the frame", async () => {
  await store(2);
  const other = frameOf(1);
  other.pixels[7]! ^= 1;
  let target = open({ isResumed: true });
  await expect(target.store(other)).rejects.toThrow("frame 1 has other pixels than the one stored here");
  target.close();
  writeFileSync(join(folder, "frame_000001.jxl"), "cut");
  target = open({ isResumed: true });
  await expect(target.store(frameOf(1))).rejects.toThrow("frame_000001.jxl: exists already and is not this frame");
  target.close();
});

test("a journal with a damaged line is named, and nothing is appended to it", async () => {
  await store(1);
  const journal = join(folder, "journal.ndjson");
  writeFileSync(journal, `${readFileSync(journal, "utf8")}{"frame":"x"}\n`);
  expect(() => open({ isResumed: true })).toThrow("line 4 of journal.ndjson beside it is no entry of a frame");
});

test("when nothing can be written any more, quarantine included, the run fails with what to do", async () => {
  const target = open();
  // A folder under every temporary name: works for root, too, whom no permission stops.
  mkdirSync(join(folder, ".frame_000000.jxl.part"));
  writeFileSync(join(folder, "quarantine"), "");
  await expect(target.store(frameOf(0))).rejects.toThrow(/frame 0 could not be stored .* nor put into quarantine/);
  target.close();
  expect(existsSync(join(folder, "frame_000000.jxl"))).toBe(false);
});

test("names are filled in, found again, and refused when they cannot be told apart", () => {
  const names = compileNames("{date}_run_{run:03}_{frame:06}+.jxl", { run: 7, date: "2026-11-20" });
  expect(names.nameOf(42)).toBe("2026-11-20_run_007_000042+.jxl");
  expect(names.nameOf(12_345_678)).toBe("2026-11-20_run_007_12345678+.jxl");
  expect(names.isOurs(names.nameOf(42))).toBe(true);
  expect(names.isOurs("2026-11-20_run_008_000042+.jxl")).toBe(false);
  expect(names.isOurs("2026-11-20_run_007_42+.jxl")).toBe(false);
  const faults = ["frame.jxl", "{frame}.png", "a/{frame}.jxl", "{frame}{x}.jxl", "{frame}}.jxl", "{frame:06}.jxl"];
  expect(faults.map((template) => templateFault(template, [".jxl"]))).toEqual([
    "without {frame} all frames would have one name",
    "expected a name that ends in .jxl",
    "a name has no folders in it: they belong to --out",
    "{x} stands for nothing: expected {frame}, {run} or {date}",
    "a brace has no partner",
    undefined,
  ]);
});

function negotiate(raw: RawOptions, input: StreamDescriptor = descriptor, origin: StreamOrigin = "own") {
  const { options, problems } = decodeOptions("compress", compress.options, raw);
  expect(problems).toEqual([]);
  return compress.negotiate(input, options, { processors: 2, cjxl: null }, origin);
}

function planOf(raw: RawOptions): PlacePlan {
  return negotiate(raw).plan as PlacePlan;
}

function refusalOf(raw: RawOptions, input?: StreamDescriptor): MoteError {
  try {
    negotiate(raw, input);
  } catch (error) {
    return error as MoteError;
  }
  throw new Error("was not refused");
}

test("floats, streams without frames, and a run number that no name shows are refused with a hint", () => {
  const float = refusalOf({ out: folder }, fakeDescriptor({ pixelFormat: "float32", bitDepth: 32 }));
  expect([float.exitCode, float.problems[0]!.what]).toEqual([2, "expected uint8 or uint16 frames, got float32"]);
  expect(refusalOf({ out: folder }, fakeDescriptor({ hasFrames: false })).problems[0]!.what).toContain(
    "detections only",
  );
  expect(refusalOf({ out: folder, run: 3 }).problems[0]!.what).toBe("the name template has no {run}");
  const verify = (raw: string) => decodeOptions("compress", compress.options, { out: folder, verify: raw });
  expect(["all", "none", "sample:25"].map((raw) => verify(raw).options.verify)).toEqual([1, 0, 25]);
  expect(verify("sample:0").problems[0]!.what).toContain("expected all, sample:N or none");
});

test("every frame is compared, of a live camera every tenth, unless something else is asked for", () => {
  const every = (raw: RawOptions, given: Partial<StreamDescriptor>) =>
    (negotiate({ out: folder, ...raw }, fakeDescriptor(given)).plan as { verifyEvery: number }).verifyEvery;
  const watch = [{ stage: "watch", version: "0.1.0", options: {} }];
  expect(every({}, {})).toBe(1);
  expect(every({}, { isLive: true })).toBe(10);
  expect(every({}, { isLive: true, producedBy: watch })).toBe(1);
  expect(every({ verify: "all" }, { isLive: true })).toBe(1);
  expect(every({ verify: "none" }, {})).toBe(0);
});

test("sources are deleted only where watch found them and every frame is compared", () => {
  const watched = fakeDescriptor({ producedBy: [{ stage: "watch", version: "0.1.0", options: {} }] });
  expect(refusalOf({ out: folder, deleteSource: true }).problems[0]!.what).toBe(
    "acquire does not hand its files over to be deleted",
  );
  expect(refusalOf({ out: folder, deleteSource: true, verify: "sample:3" }, watched).problems[0]!.what).toBe(
    "needs every frame compared",
  );
  expect(negotiate({ out: folder, deleteSource: true }, watched).plan).toMatchObject({ deleteSource: true });
  expect(() => negotiate({ out: folder, deleteSource: true }, watched, "foreign")).toThrow("come as a stream");
});

test("a source is deleted only while its name means the file whose frames were stored", async () => {
  const file = join(folder, "..", "again.tif");
  writeFileSync(file, "first");
  const sources = createSourceFiles(true, (text) => warnings.push(text));
  sources.next(file);
  sources.stored(true);
  renameSync(file, `${file}.old`);
  writeFileSync(file, "saved meanwhile");
  sources.next(undefined);
  expect(readFileSync(file, "utf8")).toBe("saved meanwhile");
  expect(sources.counts).toEqual({ deleted: 0, kept: 1 });
  expect(warnings.join()).toContain("it is another file by now");
});

test("a source is deleted when all its frames are stored and the next one begins; one that lost a frame is kept", async () => {
  const files = ["a", "b", "c", "d"].map((name) => join(folder, "..", `${name} ö.tif`));
  for (const file of files) writeFileSync(file, "x");
  const sources = createSourceFiles(true, (text) => warnings.push(text));
  let codec = real;
  const target = open({ sources, openCodec: async () => codec });
  const begin = (at: number) => target.event({ event: "source", file: files[at]!, metadata: { software: "it" } });
  begin(0);
  await target.store(frameOf(0));
  await target.store(frameOf(1));
  expect(files.map((file) => existsSync(file))).toEqual([true, true, true, true]);
  begin(1);
  expect(files.map((file) => existsSync(file))).toEqual([false, true, true, true]);
  target.event({ event: "drop", stage: "watch", firstFrame: 2, count: 1, reason: "link full" });
  await target.store(frameOf(3));
  begin(2);
  rmSync(files[2]!);
  mkdirSync(files[2]!);
  await target.store(frameOf(4));
  begin(3);
  codec = lying;
  target.end(end);
  target.close();
  expect(files.map((file) => existsSync(file))).toEqual([false, true, true, true]);
  expect(sources.counts).toEqual({ deleted: 1, kept: 3 });
  expect(warnings.join()).toContain("is stored and verified, but cannot be deleted");
  const entry = readJournal(folder)!.byFrame.get(1)!;
  expect(entry.sourceFile).toBe(files[0]);
});

test("a run that ends early deletes nothing of the file it was reading", async () => {
  const file = join(folder, "..", "a.tif");
  writeFileSync(file, "x");
  const target = open({ sources: createSourceFiles(true, () => {}) });
  target.event({ event: "source", file, metadata: {} });
  await target.store(frameOf(0));
  target.end({ ...end, isComplete: false });
  target.close();
  expect(existsSync(file)).toBe(true);
});

test("the packet in a file gives back the entry of its frame, whatever characters are in it", async () => {
  const target = open({ sources: createSourceFiles(false, () => {}) });
  target.event({ event: "source", file: `/x/"a" & <b> 'c'\n\u{1d11e}.tif`, metadata: {} });
  await target.store(frameOf(7));
  target.close();
  const { file, bytes, fileCrc32, isVerified, ...entry } = readJournal(folder)!.byFrame.get(7)!;
  expect(fileCrc32).toBe(
    crc32(readFileSync(join(folder, file)))
      .toString(16)
      .padStart(8, "0"),
  );
  const xml = readXml(bytesAsSource(file, readFileSync(join(folder, file))))!;
  expect(readFrameXmp(xml)).toEqual({ frame: entry, stream: { pixelSizeUm: 0.35, rateHz: 24 } });
  expect(xml).toContain('xmp:CreateDate="2025-11-21T10:20:00.291666Z"');
  expect([bytes > 0, isVerified]).toEqual([true, true]);
  expect(readFrameXmp(xml.replace("&quot;frame&quot;:7", "&quot;frame&quot;:-7"))).toBeUndefined();
  expect(readFrameXmp("<x/>")).toBeUndefined();
});

test("a journal, files of the same name, a file for a folder and a disk too small are told before anything is opened", async () => {
  const check = async (raw: RawOptions, input = descriptor) => {
    const found = (await compress.check?.(negotiate(raw, input).plan, input)) ?? [];
    return found.map(({ what }) => what);
  };
  expect(await check({ out: join(folder, "deep/er") })).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  const [small] = await check({ out: folder }, fakeDescriptor({ frameCount: 1e12 }));
  expect(small).toMatch(/^disk has [\d.]+ \w+ free, this run needs about [\d,.]+ TB/);
  await store(2);
  expect(await check({ out: folder })).toEqual([`${folder}/journal.ndjson exists already`]);
  expect(await check({ out: folder, resume: true })).toEqual([]);
  expect(await check({ out: folder, resume: true }, fakeDescriptor({ pixelFormat: "uint8" }))).toEqual([
    "the journal there is of 64x48 uint16 frames, these are 64x48 uint8",
  ]);
  rmSync(join(folder, "journal.ndjson"));
  expect(await check({ out: folder })).toEqual([`${folder}/frame_000000.jxl exists already (and 1 file more like it)`]);
  expect(await check({ out: join(folder, "frame_000000.jxl") })).toEqual(["is not a folder"]);
});

test("under --root runs share the day's folder, each with its number, its journal and its names", () => {
  const root = join(folder, "..");
  const start = epochNs(BigInt(new Date(2026, 10, 20, 23, 59, 59).getTime()) * 1_000_000n);
  const plan = planOf({ root });
  const places = [openPlace(plan, start), openPlace(plan, start)];
  expect(places.map(({ folder: day, journal, names }) => [day, journal, names.nameOf(12)])).toEqual([
    [join(root, "2026-11-20"), "run_001_journal.ndjson", "run_001_frame_000012.jxl"],
    [join(root, "2026-11-20"), "run_002_journal.ndjson", "run_002_frame_000012.jxl"],
  ]);
  for (const place of places) place.release();
  expect(openPlace(planOf({ root, run: 7 }), start).journal).toBe("run_007_journal.ndjson");
});

test("a folder and a root together, neither, and what does not go with a root are refused", () => {
  const told = (raw: RawOptions) => refusalOf(raw).problems.map(({ what }) => what);
  expect(told({ out: "a", root: "b" })).toEqual(["expected --out or --root, got both"]);
  expect(told({})).toEqual(["expected --out or --root, got neither"]);
  expect(told({ root: "b", resume: true })).toEqual(["the next run under --root has nothing to go on with"]);
  expect(told({ root: "b", nameTemplate: "f_{frame}.jxl" })).toEqual([
    "under --root a name has to have run_{run:03} in it",
  ]);
});

test("a run of a day's folder is gone on with by its own journal", async () => {
  const journal = "run_003_journal.ndjson";
  const names = compileNames("run_{run:03}_frame_{frame:06}.jxl", { run: 3, date: "2026-11-20" });
  await store(2, { journal, names });
  const plan = planOf({ out: folder, nameTemplate: "run_{run:03}_frame_{frame:06}.jxl", run: 3, resume: true });
  expect(await compress.check?.(plan, descriptor)).toEqual([]);
  expect(fixedPlace(plan, epochNs(0n)).journal).toBe(journal);
  const counts = await store(3, { journal, names, isResumed: true });
  expect(counts).toMatchObject({ resumed: 2, stored: 1 });
});
