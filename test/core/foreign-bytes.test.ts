/** What somebody sent down a pipe in place of a frame stream is called by its name, with the way to have it read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { foreignBytes } from "../../src/core/stream/foreign-bytes.js";
import { preambleFault } from "../../src/core/stream/message.js";

const images = join(import.meta.dirname, "../../fixtures/images");
const start = (name: string) => readFileSync(join(images, name)).subarray(0, 16);

test("files that acquire replays are known by their first bytes", () => {
  expect(foreignBytes(start("pages-uint8.tif"))).toEqual({ what: "a TIFF", isReplayed: true });
  expect(foreignBytes(Buffer.from("4d4d002b00080000", "hex"))).toEqual({ what: "a TIFF", isReplayed: true });
  expect(foreignBytes(start("grey-uint8.png"))).toEqual({ what: "a PNG", isReplayed: true });
  expect(foreignBytes(Buffer.from("894844460d0a1a0a00000000", "hex")).what).toBe("an HDF5 file");
  expect(foreignBytes(Buffer.from("ff0afa7f0190", "hex")).what).toBe("a JPEG XL image");
  expect(preambleFault(start("pages-uint8.tif"))).toMatchObject({
    what: "expected a frame stream, got a TIFF",
    hint: expect.stringContaining("mote acquire FILE | mote"),
  });
});

test("all else is shown as it begins, and is not said to be replayed", () => {
  expect(foreignBytes(Buffer.from("frame,x,y\n"))).toEqual({ what: 'text: "frame,x,y\\n"', isReplayed: false });
  expect(foreignBytes(new Uint8Array(16))).toEqual({ what: "bytes 0000000000000000", isReplayed: false });
});
