import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import { runSource } from "../run-source.js";

/** A big-endian TIFF as ImageJ writes stacks beyond 4 GB: one directory, `images` planes behind it, StripByteCounts of one plane. */
function imageJHeader(edge: number, images: number): Buffer {
  const description = Buffer.from(`ImageJ=1.54f\nimages=${images}\nframes=${images}\n\0`);
  const entries: [number, number, number, number][] = [
    [256, 4, 1, edge],
    [257, 4, 1, edge],
    [258, 3, 1, 16 << 16],
    [262, 3, 1, 1 << 16],
    [270, 2, description.length, 256],
    [273, 4, 1, 512],
    [277, 3, 1, 1 << 16],
    [278, 3, 1, edge << 16],
    [279, 4, 1, edge * edge * 2],
  ];
  const header = Buffer.alloc(512);
  header.write("MM\0*", 0, "latin1");
  header.writeUInt32BE(8, 4);
  header.writeUInt16BE(entries.length, 8);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    header.writeUInt16BE(tag, 10 + index * 12);
    header.writeUInt16BE(type, 12 + index * 12);
    header.writeUInt32BE(count, 14 + index * 12);
    header.writeUInt32BE(value, 18 + index * 12);
  }
  description.copy(header, 256);
  return header;
}

it("an ImageJ stack of more than 4 GB is read to its last frame", async () => {
  const [edge, images] = [1024, 2500];
  const folder = mkdtempSync(join(tmpdir(), "mote-large-"));
  const path = join(folder, "large.tif");
  const file = openSync(path, "w");
  writeSync(file, imageJHeader(edge, images));
  // A sparse file: only the pixels that are looked at take room on the disk.
  ftruncateSync(file, 512 + images * edge * edge * 2);
  for (const frame of [0, 2100, 2499]) {
    writeSync(file, Buffer.from([frame >> 8, frame & 255]), 0, 2, 512 + frame * edge * edge * 2 + 2 * (3 * edge + 5));
  }
  closeSync(file);
  try {
    const found: number[] = [];
    const visit = (frame: { pixels: ArrayLike<number> }) => found.push(frame.pixels[0]!);
    const options = { files: path, roi: "5,3,1,1" };
    const run = await runSource(acquire, options, { visit });
    expect(run.output.frameCount).toBe(images);
    expect([found[0], found[1], found[2100], found[2499]]).toEqual([0, 0, 2100, 2499]);
    const last = await runSource(acquire, { files: path, start: 2499 });
    expect(last.frames[0]!.pixels[3 * edge + 5]).toBe(2499);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
