/** A scale bar in the lower right corner: a round length, labelled, on a shade so that it shows on any picture. */
import { fillRectangle, type Picture } from "./canvas.js";
import { letter, letteringWidth } from "./lettering.js";
import { inkColour, shadeColour } from "./palette.js";

/** The largest of 1, 2, 5 times a power of ten that is at most `most`. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  for (const step of [5, 2]) if (step * power <= most * (1 + 1e-9)) return step * power;
  return power;
}

/** "20 µm", "500 nm", "1 mm". */
export function lengthLabel(lengthUm: number): string {
  if (lengthUm < 1) return `${Number((lengthUm * 1000).toPrecision(3))} nm`;
  if (lengthUm >= 1000) return `${Number((lengthUm / 1000).toPrecision(3))} mm`;
  return `${Number(lengthUm.toPrecision(3))} µm`;
}

/** Draws the bar, at most a fifth of the picture long. `umPerPixel` is that of the picture, not of the frame. */
export function drawScaleBar(picture: Picture, umPerPixel: number): void {
  const dot = Math.max(1, Math.round(Math.min(picture.width, picture.height) / 340));
  const lengthUm = roundLength((picture.width / 5) * umPerPixel);
  const length = Math.max(1, Math.round(lengthUm / umPerPixel));
  const label = lengthLabel(lengthUm);
  const width = Math.max(length, letteringWidth(label, dot));
  const thickness = 2 * dot;
  const inset = 4 * dot;
  const margin = 8 * dot;
  const height = 8 * dot + 3 * dot + thickness;
  const left = picture.width - margin - inset - width;
  const top = picture.height - margin - inset - height;
  if (left < inset || top < inset) return;
  fillRectangle(
    picture,
    { left: left - inset, top: top - inset, width: width + 2 * inset, height: height + 2 * inset },
    shadeColour,
    0.8,
  );
  letter(picture, left + Math.round((width - letteringWidth(label, dot)) / 2), top, label, dot, inkColour);
  const barLeft = left + Math.round((width - length) / 2);
  fillRectangle(picture, { left: barLeft, top: top + height - thickness, width: length, height: thickness }, inkColour);
}
