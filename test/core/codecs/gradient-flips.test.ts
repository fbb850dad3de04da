import { expect, test } from "vitest";
import { createGradientDecoder } from "../../../src/core/codecs/jxl/gradient-decoder.js";
import { openJxlEncoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { pixelsOf } from "./gradient-pixels.js";

const decoder = createGradientDecoder();
const fast = await openJxlEncoder(1);

test("a stream with any bit turned is given up or decodes to samples, mostly others, and never hangs", () => {
  const pixels = pixelsOf("slope", 12, 2, 260);
  const coded = fast.borrowEncoded(pixels, { height: 2, width: 260 }, 12).slice();
  let undetected = 0;
  for (let bit = 0; bit < coded.length * 8; bit++) {
    coded[bit >> 3]! ^= 1 << (bit & 7);
    const decoded = decoder.borrowDecoded(coded);
    if (decoded) expect(decoded.samples.length).toBeGreaterThan(0);
    if (decoded && Buffer.compare(decoded.samples, pixels) === 0) undetected++;
    coded[bit >> 3]! ^= 1 << (bit & 7);
  }
  // Bits that change no sample: colour, flags for small decoders, codes of symbols that do not occur, padding.
  expect(undetected / (coded.length * 8)).toBeLessThan(0.05);
  expect(Buffer.compare(decoder.borrowDecoded(coded)!.samples, pixels)).toBe(0);
});
