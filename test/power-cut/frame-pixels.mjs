// The frames that are stored: another for each number.
export const side = 48;

export function fillPixels(pixels, number) {
  for (let at = 0; at < pixels.length; at++) pixels[at] = (number * 37 + at * 11 + ((at * number) >> 5)) & 0xff;
}
