/** Runs a file through the registry of `mote verify` and `mote recover`, as the commands do, and reads frames back to compare. */
import { existsSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { borrowPixels, bytesPerPixel } from "../../../src/core/model/pixel-format.js";
import { formatOf } from "../../../src/core/storage/archive-formats.js";
import { openImageFile } from "../../../src/core/storage/read/formats.js";
import { recoverFile } from "../../../src/core/storage/recover/recover-file.js";
import type { Recovery } from "../../../src/core/storage/recover/recovery.js";
import type { Verification } from "../../../src/core/storage/verify/verification.js";
import { verifyFile } from "../../../src/core/storage/verify/verify-file.js";

/**
 * A folder in memory where there is one: hundreds of files are written and synced. The HDF5 library also keeps a file open that
 * it failed to read in, and takes the next one of the same inode for it; in memory no inode comes twice.
 */
export function quickFolder(name: string): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), name));
}

export async function verified(path: string, sample: number | null = null): Promise<Verification> {
  return verifyFile(path, formatOf("test", path), { sample });
}

/** Recovers and asserts that the original is untouched. */
export async function recovered(path: string, out: string): Promise<Recovery> {
  const before = snapshot(path);
  const context = { where: `recover, ${path}`, version: "0.0.0" };
  const recovery = await recoverFile(path, out, formatOf("test", path).recover!, context).catch(
    (error: unknown) => error,
  );
  if (snapshot(path) !== before) throw new Error(`${path} was changed`);
  if (recovery instanceof Error) throw recovery;
  return recovery as Recovery;
}

function snapshot(path: string): string {
  const stats = statSync(path, { bigint: true });
  return stats.isDirectory() ? "" : `${stats.mtimeNs} ${stats.ctimeNs} ${readFileSync(path).toString("latin1")}`;
}

/** Frame numbers and pixels of a file of images. */
export async function framesOf(path: string): Promise<{ number: number; pixels: number[] }[]> {
  const file = await openImageFile(path);
  try {
    const { shape, pixelFormat, frameCount } = file.facts;
    const count = shape.height * shape.width;
    const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
    const frames: { number: number; pixels: number[] }[] = [];
    for (let index = 0; index < frameCount; index++) {
      const place = await file.readFrame(index, pixels, { x: 0, y: 0, ...shape });
      frames.push({ number: place.recorded?.frameNumber ?? index, pixels: [...pixels] });
    }
    return frames;
  } finally {
    file.close();
  }
}
