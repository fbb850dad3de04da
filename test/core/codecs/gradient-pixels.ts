import { seeded } from "../../seed.js";

/** Pixels of a kind, tightly packed. */
export function pixelsOf(kind: string, bits: number, height: number, width: number): Uint8Array {
  const random = seeded(bits * 7919 + width * 31 + height);
  const pixels = new Uint16Array(height * width);
  const most = 2 ** bits - 1;
  for (let at = 0; at < pixels.length; at++) {
    const x = at % width;
    if (kind === "noise") pixels[at] = random() * (most + 1);
    else if (kind === "black-and-white") pixels[at] = random() < 0.5 ? 0 : most;
    else if (kind === "runs") pixels[at] = (x >> 6) & 1 ? most : Math.floor(at / width / 9);
    else if (kind === "slope") pixels[at] = ((x + at / width) / (height + width)) * most * 0.9 + random() * 3;
  }
  return new Uint8Array(pixels.buffer);
}
