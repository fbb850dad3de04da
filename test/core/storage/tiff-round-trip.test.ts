/** What a TIFF of ours gives back besides pixels: the header of every frame and the facts of the stream. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import type { PixelFormat } from "../../../src/core/model/pixel-format.js";
import { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { dress, plainHeader } from "./odd-headers.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-tiff-trip-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const source = { camera: "sim", lens: "60× µ", "a & <b>": ['"', "'", "]]>", null] };

/** What acquire makes of a file, and the headers of its frames. */
async function replay(path: string) {
  const found: Record<string, unknown>[] = [];
  const run = await runSource(acquire, { files: path }, { visit: ({ header }) => found.push(plainHeader(header)) });
  return { run, found };
}

async function write(name: string, pixelFormat: PixelFormat, frames: number) {
  const bitDepth = { uint8: 7, uint16: 12, float32: 32 }[pixelFormat];
  const descriptor = fakeDescriptor({
    pixelFormat,
    bitDepth,
    shape: { height: 5, width: 7 },
    pixelSizeUm: 0.1083333333333333,
    rateHz: 29.97,
    detections: null,
    source,
  });
  const geometry = fakeGeometry(descriptor, 0);
  const frame = fakeFrame(geometry);
  const path = join(folder, name);
  const store = openTiffStore({ path, where: "archive", descriptor, geometry });
  const headers: Record<string, unknown>[] = [];
  for (let index = 0; index < frames; index++) {
    fillFrame(frame, descriptor, index, 0);
    dress(frame.header, index);
    if (pixelFormat !== "uint16") frame.header.bitDepth = bitDepth;
    headers.push(plainHeader(frame.header));
    await store.append(frame);
  }
  await store.close(end);
  return { path, descriptor, headers };
}

describe.each(["run.tif", "run.ome.tif", "one.tif", "one.ome.tiff"])("%s", (name) => {
  test.each(["uint8", "uint16", "float32"] as const)("gives back %s frames with all that was known", async (format) => {
    const { path, descriptor, headers } = await write(name, format, name.startsWith("one") ? 1 : 4);
    const { run, found } = await replay(path);
    expect(run.output).toMatchObject({
      pixelSizeUm: descriptor.pixelSizeUm,
      rateHz: descriptor.rateHz,
      bitDepth: descriptor.bitDepth,
    });
    expect(run.output.source).toMatchObject({ recording: source });
    for (const [index, header] of found.entries()) {
      // A frame of unknown capture has the time it arrived, and every frame the stream's significant bits.
      const { capturedAtNs, receivedAtNs } = headers[index]!;
      const expected = { ...headers[index], bitDepth: descriptor.bitDepth, capturedAtNs: capturedAtNs || receivedAtNs };
      expect(header).toEqual(expected);
    }
    expect(found.length).toBe(headers.length);
  });
});

test("a description that is damaged, or another program's, changes no header", async () => {
  const { path } = await write("run.tif", "uint16", 2);
  const text = readFileSync(path, "latin1");
  for (const [from, to] of [
    ["mote 0.1.0", "kite 0.1.0"],
    ['{"frame_number":', '{"frame-number":'],
    ['"exposure_ms":', '"exposure_ms"!'],
  ] as const) {
    const damaged = join(folder, "damaged.tif");
    writeFileSync(damaged, text.replaceAll(from, to), "latin1");
    const { found } = await replay(damaged);
    expect(found).toMatchObject([0, 1].map((frameNumber) => ({ frameNumber, exposureMs: Number.NaN })));
  }
});

test("OME-TIFF of other programs gives its frame rate and times", async () => {
  const { path } = await write("run.ome.tif", "uint16", 4);
  const text = readFileSync(path, "latin1").replaceAll("mote 0.1.0", "kite 0.1.0").replaceAll('"mote"', '"kite"');
  const other = join(folder, "other.ome.tif");
  writeFileSync(other, text, "latin1");
  const { run } = await replay(other);
  expect(run.output.rateHz).toBeCloseTo(29.97, 9);
  expect(run.output.pixelSizeUm).toBe(0.1083333333333333);
});
