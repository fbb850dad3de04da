import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import { dataFolder, testWithData } from "../judges.js";
import { refusalOf, runSource } from "./run-source.js";

const images = join(import.meta.dirname, "../../fixtures/images");
const pages = join(images, "pages-uint8.tif");
const folder = () => mkdtempSync(join(tmpdir(), "mote-acquire-"));
const first = (run: { frames: readonly { pixels: ArrayLike<number> }[] }) => run.frames.map((frame) => frame.pixels[0]);

/** Headerless 3x2 uint16 files whose pixels say which they are. */
function rawFile(path: string, ...frames: number[]): string {
  const values = frames.flatMap((frame) => [0, 1, 2, 3, 4, 5].map((at) => frame * 100 + at));
  writeFileSync(path, new Uint16Array(values));
  return path;
}
const layout = { size: "3x2", pixelFormat: "uint16" };

describe("what is replayed", () => {
  it("a stack's pages in order, described before the first", async () => {
    const run = await runSource(acquire, { files: pages });
    expect(run.output).toMatchObject({
      pixelFormat: "uint8",
      shape: { height: 19, width: 23 },
      frameCount: 5,
      isLive: false,
      hasFrames: true,
      rateHz: null,
    });
    expect(run.frames.map((frame) => frame.frameNumber)).toEqual([0, 1, 2, 3, 4]);
    expect(run.frames.every((f) => f.deviceFrameNumber === -1 && f.capturedAtNs === 0n && f.rowCount === -1)).toBe(
      true,
    );
  });
  it("several files in sequence, as one stream", async () => {
    const d = folder();
    const files = [rawFile(join(d, "b.raw"), 1, 2), rawFile(join(d, "a.raw"), 3)];
    expect(first(await runSource(acquire, { files, ...layout }))).toEqual([100, 200, 300]);
  });
  it("--start, --end and --step over all files together, --loop and --frames after that", async () => {
    const d = folder();
    const files = [rawFile(join(d, "b.raw"), 0, 1, 2), rawFile(join(d, "a.raw"), 3, 4, 5, 6)];
    const run = await runSource(acquire, { files, ...layout, start: 1, end: 6, step: 2, loop: 2 });
    expect(first(run)).toEqual([100, 300, 500, 100, 300, 500]);
    expect(run.frames.map((frame) => frame.frameNumber)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(run.output.frameCount).toBe(6);
    const four = await runSource(acquire, { files, ...layout, start: 1, end: 6, step: 2, loop: 0, frames: 4 });
    expect(first(four)).toEqual([100, 300, 500, 100]);
    const endless = await runSource(acquire, { files, ...layout, loop: 0 }, { drainAfter: 20 });
    expect(endless.frames).toHaveLength(20);
    expect(endless.output.frameCount).toBeNull();
  });
  it("--roi cuts every format and says where", async () => {
    for (const name of ["pages-uint8.tif", "grey-uint8.png", "rgba-uint16.png", "tiles-uint16.tif"]) {
      const whole = await runSource(acquire, { files: join(images, name) });
      const run = await runSource(acquire, { files: join(images, name), roi: "4,6,5,3" });
      expect(run.output.shape).toEqual({ height: 3, width: 5 });
      expect(run.frames[0]!.roi).toEqual({ x: 4, y: 6 });
      const expected = [0, 1, 2].flatMap((y) =>
        [0, 1, 2, 3, 4].map((x) => whole.frames[0]!.pixels[(y + 6) * 23 + x + 4]),
      );
      expect([...run.frames[0]!.pixels], name).toEqual(expected);
    }
    const raw = await runSource(acquire, { files: rawFile(join(folder(), "x.raw"), 1, 2), ...layout, roi: "1,1,2,1" });
    expect(raw.frames.map((frame) => [...frame.pixels])).toEqual([
      [104, 105],
      [204, 205],
    ]);
  });
  it("--fps paces by the clock and stamps frames that have no time of their own", async () => {
    const run = await runSource(acquire, { files: pages, fps: 10 });
    expect(run.output).toMatchObject({ isLive: true, rateHz: 10 });
    expect(run.sleptMs).toBeCloseTo(400, 6);
    expect(run.frames[1]!.capturedAtNs - run.frames[0]!.capturedAtNs).toBe(100_000_000n);
  });
  it("--pixel-size wins over the file's", async () => {
    const file = join(images, "imagej.tif");
    expect((await runSource(acquire, { files: file })).output).toMatchObject({ pixelSizeUm: 0.2, rateHz: 4 });
    expect((await runSource(acquire, { files: file, pixelSize: "65nm" })).output.pixelSizeUm).toBeCloseTo(0.065, 12);
  });
});

describe("folders and patterns", () => {
  function numbered(): string {
    const d = folder();
    for (const n of [10, 9, 2, 1]) {
      cpSync(join(images, "grey-uint8.png"), join(d, `frame_${n}.png`));
      utimesSync(join(d, `frame_${n}.png`), 1_700_000_000 + n, 1_700_000_000 + n);
    }
    writeFileSync(join(d, "notes.txt"), "not an image");
    return d;
  }
  const seconds = (run: { frames: readonly { capturedAtNs: bigint }[] }) =>
    run.frames.map((frame) => Number(frame.capturedAtNs / 1_000_000_000n) - 1_700_000_000);

  it("when a file was changed is no time of capture, unless --file-times says so, and then of files of one frame", async () => {
    const d = numbered();
    const times = async (files: string, options = {}) =>
      (await runSource(acquire, { files, ...options })).frames.map((frame) => frame.capturedAtNs);
    cpSync(join(images, "plain-uint16.tif"), join(d, "single.tif"));
    const file = join(d, "single.tif");
    expect(await times(file)).toEqual([0n]);
    expect(await times(file, { fileTimes: true })).toEqual([statSync(file, { bigint: true }).mtimeNs]);
    expect(await times(join(d, "*.png"))).toEqual([0n, 0n, 0n, 0n]);
    expect(new Set(await times(join(images, "pages-uint8.tif"), { fileTimes: true }))).toEqual(new Set([0n]));
  });
  it("a folder is its images in natural order", async () => {
    expect(seconds(await runSource(acquire, { files: numbered(), fileTimes: true }))).toEqual([1, 2, 9, 10]);
  });
  it("a quoted pattern is expanded in natural order", async () => {
    expect(seconds(await runSource(acquire, { files: join(numbered(), "frame_*.png"), fileTimes: true }))).toEqual([
      1, 2, 9, 10,
    ]);
    expect(seconds(await runSource(acquire, { files: join(numbered(), "frame_{1,10}.p?g"), fileTimes: true }))).toEqual(
      [1, 10],
    );
  });
  it("the order of a shell's expansion becomes natural, a chosen one is kept", async () => {
    const d = numbered();
    const at = (...numbers: number[]) => numbers.map((n) => join(d, `frame_${n}.png`));
    expect(seconds(await runSource(acquire, { files: at(1, 10, 2, 9), fileTimes: true }))).toEqual([1, 2, 9, 10]);
    expect(seconds(await runSource(acquire, { files: at(9, 1, 10), fileTimes: true }))).toEqual([9, 1, 10]);
  });
});

describe("refusals (exit code 2) say where, what and what next", () => {
  const refused = async (raw: Record<string, unknown>) => {
    const error = await refusalOf(runSource(acquire, raw));
    expect(error.exitCode).toBe(2);
    expect(error.problems[0]!.hint).toMatch(/\.$|\?$/);
    return `${error.problems[0]!.where}: ${error.problems[0]!.what} | ${error.problems[0]!.hint}`;
  };
  it("a missing file, with the nearest name", async () => {
    expect(await refused({ files: join(images, "page-uint8.tif") })).toMatch(/ENOENT.*Did you mean .*pages-uint8\.tif/);
    expect(await refused({ files: "/no/such/dir/a.tif" })).toContain("cannot be read either");
  });
  it("an empty folder, one without images, a pattern without match", async () => {
    const d = folder();
    expect(await refused({ files: d })).toContain("the folder is empty");
    writeFileSync(join(d, "a.txt"), "");
    expect(await refused({ files: d })).toContain("none of its 1 files is an image");
    expect(await refused({ files: join(d, "*.tif") })).toContain("no file matches");
  });
  it("a folder that may not be read", async () => {
    const above = folder();
    const d = join(above, "shut");
    mkdirSync(d);
    chmodSync(above, 0o755);
    chmodSync(d, 0);
    // Root may read everything: for this test it becomes nobody.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await refused({ files: d })).toContain("cannot be read");
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
  it("a file of another shape or type, by name", async () => {
    const d = folder();
    cpSync(join(images, "plain-uint16.tif"), join(d, "a.tif"));
    cpSync(join(images, "lzw-long.tif"), join(d, "b.tif"));
    expect(await refused({ files: d })).toMatch(/b\.tif: holds 64x64 uint16 frames, the files before 23x19 uint16/);
  });
  it("a damaged file, with the byte", async () => {
    expect(await refused({ files: join(images, "cut.tif") })).toMatch(
      /^acquire, .*cut\.tif: byte \d+: the file ends at byte/,
    );
  });
  it("of a recording that was cut, how to get the other frames; of an image, to copy it again", async () => {
    const d = folder();
    writeFileSync(join(d, "cut.tif"), readFileSync(pages).subarray(0, -40));
    writeFileSync(join(d, "cut.png"), readFileSync(join(images, "grey-uint8.png")).subarray(0, 20));
    expect(await refused({ files: join(d, "cut.tif") })).toMatch(/mote recover gets them back\.$/);
    expect(await refused({ files: join(d, "cut.png") })).toMatch(/copy it again from where it was written\.$/);
  });
  it("the name of a recording that was split, with the pattern of its parts", async () => {
    const d = folder();
    for (const part of ["000", "001"]) writeFileSync(join(d, `run_${part}.h5`), "");
    expect(await refused({ files: join(d, "run.h5") })).toMatch(/It was split into 2 parts: '.*run_\*\.h5' replays/);
  });
  it("a text file under an image's name, an empty one, and one of no known kind", async () => {
    const d = folder();
    writeFileSync(join(d, "a.tif"), "frame,x,y\n1,2,3\n");
    writeFileSync(join(d, "b.png"), "frame,x,y\n1,2,3\n".repeat(9));
    writeFileSync(join(d, "c.tif"), "");
    writeFileSync(join(d, "d.xyz"), "1234");
    expect(await refused({ files: join(d, "a.tif") })).toContain("no TIFF");
    expect(await refused({ files: join(d, "b.png") })).toContain("no PNG");
    expect(await refused({ files: join(d, "c.tif") })).toContain("the file ends at byte 0");
    expect(await refused({ files: join(d, "d.xyz") })).toContain("--size 640x480 --pixel-format uint16");
  });
  it("a headerless file that is no whole number of frames, or a layout given in halves", async () => {
    const file = rawFile(join(folder(), "x.raw"), 1, 2);
    expect(await refused({ files: file, size: "5x2", pixelFormat: "uint16" })).toContain("no multiple of the 20");
    expect(await refused({ files: file, size: "3x2" })).toContain("without --pixel-format");
    expect(await refused({ files: pages, ...layout })).toContain("header of its own");
  });
  it("a region that reaches out, a selection of nothing", async () => {
    expect(await refused({ files: pages, roi: "20,0,4,4" })).toContain("reaches out of the 23x19 frames");
    expect(await refused({ files: pages, roi: "0,0,0,4" })).toContain("expected four whole numbers");
    expect(await refused({ files: pages, start: 5 })).toContain("--start");
    expect(await refused({ files: pages, start: 3, end: 2 })).toContain("--end");
  });
});

describe("while running", () => {
  it("a file that is cut between look and read fails with its name and byte, exit code 1", async () => {
    const d = folder();
    for (const name of ["a.png", "b.png"]) cpSync(join(images, "grey-uint16.png"), join(d, name));
    const size = statSync(join(d, "b.png")).size;
    writeFileSync(join(d, "b.png"), readFileSync(join(d, "b.png")).subarray(0, size - 200));
    const error = await refusalOf(runSource(acquire, { files: d }));
    expect(error.exitCode).toBe(1);
    expect(error.message).toMatch(/^acquire, .*b\.png: byte \d+: cannot be decoded/);
  });
});

describe("real images (skipped: needs ../shared/data)", () => {
  testWithData("RGBA PNGs become exactly the grey of the reference stack", async () => {
    const grey = await runSource(acquire, { files: join(dataFolder, "bulk_water_a.tif"), end: 5 });
    const png = await runSource(acquire, { files: join(dataFolder, "bulk_water_png") });
    expect(png.frames).toHaveLength(5);
    for (const [index, frame] of png.frames.entries()) {
      expect(Buffer.compare(Buffer.from(frame.pixels), Buffer.from(grey.frames[index]!.pixels)), `frame ${index}`).toBe(
        0,
      );
    }
  });
  testWithData("an independent decoder (the tiff package) reads the same deflated pixels", async () => {
    const { decode } = await import("tiff");
    const path = join(dataFolder, "beads_2048.tif");
    const theirs = decode(readFileSync(path));
    const ours = await runSource(acquire, { files: path });
    expect(ours.frames).toHaveLength(3);
    for (const [index, frame] of ours.frames.entries()) {
      const their = theirs[index]!.data as Uint16Array;
      expect(
        Buffer.compare(Buffer.from(frame.pixels.buffer), Buffer.from(their.buffer, their.byteOffset, their.byteLength)),
      ).toBe(0);
    }
  });
});
