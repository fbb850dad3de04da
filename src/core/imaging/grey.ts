/** Colour to grey. */

/** Weights of scikit-image's rgb2gray (Rec. 709 luma, four digits), in ten-thousandths so that sums are exact. */
const red = 2125;
const green = 7154;
const blue = 721;
const unit = 10_000;

/**
 * Grey = round(0.2125 R + 0.7154 G + 0.0721 B), ties upward, for interleaved samples of `channels` (3, or 4: the
 * last is opacity and left out) into `grey`, one value a pixel. Both arrays have the same sample type, uint8 or uint16.
 * The weights sum to 1, so the result never exceeds the largest input.
 */
export function toGrey(
  colour: Uint8Array | Uint8ClampedArray | Uint16Array,
  channels: 3 | 4,
  grey: Uint8Array | Uint16Array,
): void {
  for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += channels) {
    const sum = red * colour[at]! + green * colour[at + 1]! + blue * colour[at + 2]!;
    grey[pixel] = Math.floor((sum + unit / 2) / unit);
  }
}
