import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ImageFile } from "../../../src/core/imaging/image-file.js";
import { type Region, wholeOf } from "../../../src/core/imaging/region.js";
import { borrowPixels, bytesPerPixel, type PixelArray } from "../../../src/core/model/pixel-format.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";

interface Expected {
  readonly refuse?: string;
  readonly pixelFormat?: string;
  readonly height?: number;
  readonly width?: number;
  readonly frames?: readonly string[];
  readonly pixelSizeUm?: number;
  readonly rateHz?: number;
  readonly bitDepth?: number;
  readonly capturedAt?: readonly string[];
  readonly axes?: Readonly<Record<string, number>>;
}

// Written by fixtures/make-tiffs.py: what tifffile reads from the same files.
const folder = join(import.meta.dirname, "../../../fixtures/images");
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<string, Expected>;

function room(file: ImageFile, region: Region): PixelArray {
  const { pixelFormat } = file.facts;
  const pixels = region.width * region.height;
  // Shared memory, as in a pool slot, with guard bytes of 0xA5 around.
  const buffer = new SharedArrayBuffer(pixels * bytesPerPixel[pixelFormat] + 128);
  new Uint8Array(buffer).fill(0xa5);
  return borrowPixels(pixelFormat, buffer, 64, pixels);
}

function checksum(pixels: PixelArray): string {
  const copy = new Uint8Array(pixels.byteLength);
  copy.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  return createHash("sha256").update(copy).digest("hex");
}

function guardsHold(pixels: PixelArray): boolean {
  const all = new Uint8Array(pixels.buffer);
  return all.subarray(0, 64).every((b) => b === 0xa5) && all.subarray(all.length - 64).every((b) => b === 0xa5);
}

describe("every variant in fixtures/images is read as tifffile reads it, or refused by name", () => {
  for (const [name, want] of Object.entries(expected)) {
    if (want.refuse !== undefined) {
      it(`${name} is refused: ${want.refuse}`, async () => {
        await expect(
          (async () => {
            const file = await openImageFile(join(folder, name));
            file.close();
          })(),
        ).rejects.toThrow(want.refuse);
      });
      continue;
    }
    it(`${name} has tifffile's pixels`, async () => {
      const file = await openImageFile(join(folder, name));
      const { facts } = file;
      expect(facts.pixelFormat).toBe(want.pixelFormat);
      expect(facts.shape).toEqual({ height: want.height, width: want.width });
      expect(facts.frameCount).toBe(want.frames?.length);
      if (want.pixelSizeUm !== undefined) expect(facts.pixelSizeUm).toBeCloseTo(want.pixelSizeUm, 9);
      if (want.rateHz !== undefined) expect(facts.rateHz).toBeCloseTo(want.rateHz, 9);
      if (want.bitDepth !== undefined) expect(facts.bitDepth).toBe(want.bitDepth);
      if (want.axes !== undefined) expect(facts.metadata.axes).toMatchObject(want.axes);
      const whole = wholeOf(facts.shape);
      for (const [index, sum] of (want.frames ?? []).entries()) {
        const pixels = room(file, whole);
        const place = await file.readFrame(index, pixels, whole);
        expect(checksum(pixels), `frame ${index}`).toBe(sum);
        expect(guardsHold(pixels)).toBe(true);
        if (want.capturedAt) expect(place.capturedAtNs).toBe(BigInt(Date.parse(want.capturedAt[index]!)) * 1000000n);
      }
      file.close();
    });

    it(`${name} gives the same pixels through a region of interest`, async () => {
      const file = await openImageFile(join(folder, name));
      const { shape, frameCount } = file.facts;
      const all = wholeOf(shape);
      const whole = room(file, all);
      await file.readFrame(frameCount - 1, whole, all);
      const regions: Region[] = [
        { x: 3, y: 5, width: 7, height: 9 },
        { x: 0, y: 4, width: shape.width, height: 11 },
        { x: shape.width - 1, y: shape.height - 1, width: 1, height: 1 },
      ];
      for (const region of regions) {
        const part = room(file, region);
        await file.readFrame(frameCount - 1, part, region);
        for (let y = 0; y < region.height; y++) {
          for (let x = 0; x < region.width; x++) {
            expect(part[y * region.width + x]).toBe(whole[(y + region.y) * shape.width + x + region.x]);
          }
        }
        expect(guardsHold(part)).toBe(true);
      }
      file.close();
    });
  }
});

describe("positions in a stack", () => {
  it("follow ImageJ's order, channels fastest, then slices, then time", async () => {
    const file = await openImageFile(join(folder, "imagej-hyperstack.tif"));
    const whole = wholeOf(file.facts.shape);
    const places = [];
    for (let index = 0; index < 5; index++) {
      const { channelIndex, zIndex } = await file.readFrame(index, room(file, whole), whole);
      places.push([channelIndex, zIndex]);
    }
    expect(places).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ]);
    file.close();
  });
});
