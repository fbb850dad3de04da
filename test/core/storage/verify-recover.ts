/** Runs a file through the registry of `mote verify` and `mote recover`, as the commands do, and reads frames back to compare. */
import { existsSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatOf } from "../../../src/core/storage/archive-formats.js";
import { recoverFile } from "../../../src/core/storage/recover/recover-file.js";
import type { Recovery } from "../../../src/core/storage/recover/recovery.js";
import type { Verification } from "../../../src/core/storage/verify/verification.js";
import { verifyFile } from "../../../src/core/storage/verify/verify-file.js";
import { eachFrame } from "./each-frame.js";

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
  const format = formatOf("test", path);
  const recovery = await recoverFile(path, out, { ...format, recover: format.recover! }, context).catch(
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
  const frames: { number: number; pixels: number[] }[] = [];
  for await (const { number, pixels } of eachFrame(path)) frames.push({ number, pixels: [...pixels] });
  return frames;
}
