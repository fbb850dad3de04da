import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterAll, describe, expect, test } from "vitest";
import { seeded } from "../../seed.js";
import { archive, frames, tracked } from "./arrow-archives.js";
import { quickFolder, verified } from "./verify-recover.js";

const folder = quickFolder("mote-arrow-");
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes of the notes, each the text of a JSON object behind its length; of the bits of presence, and of the footer. */
function saidOf(bytes: Buffer, presence: Uint8Array): number[] {
  const text = bytes.toString("latin1");
  const notes = [...text.matchAll(/\{"(?:number|event|isCut|isComplete|stage|version|shape)[^\0]*/g)].flatMap(
    ({ index, 0: note }) => Array.from({ length: note.length }, (_, at) => index + at),
  );
  const bits = bytes.indexOf(presence);
  const footerAt = bytes.length - 10 - bytes.readInt32LE(bytes.length - 10);
  const isFile = text.startsWith("ARROW1");
  const footer = isFile ? Array.from({ length: bytes.length - footerAt }, (_, at) => footerAt + at) : [];
  return [...notes, ...(presence.length > 0 ? [bits] : []), ...footer];
}

describe.each(["t.arrow", "t.arrows", "f.arrow", "f.arrows"])("in %s", (name) => {
  test("a flipped bit of what is said of the rows is noticed, wherever it is", async () => {
    const path = await archive(join(folder, name), name.startsWith("t") ? tracked : frames);
    const bytes = readFileSync(path);
    const particles = tableFromIPC(bytes).getChild("particle_id");
    const places = saidOf(bytes, particles?.data.find(({ nullCount }) => nullCount > 0)?.nullBitmap ?? Buffer.alloc(0));
    expect(places.length).toBeGreaterThan(500);
    const flipped = join(folder, `flipped-${name}`);
    const random = seeded(5);
    const unseen: number[] = [];
    for (const at of places.filter(() => random() < 0.1)) {
      const bit = 1 << Math.floor(8 * random());
      bytes[at]! ^= bit;
      writeFileSync(flipped, bytes);
      bytes[at]! ^= bit;
      if ((await verified(flipped)).verdict === "whole") unseen.push(at);
    }
    expect(unseen).toEqual([]);
  });
});
