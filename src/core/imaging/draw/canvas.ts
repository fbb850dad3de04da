/** An 8-bit RGB picture and anti-aliased strokes on it: coverage of a pixel is taken from its centre's distance to the stroke. */

export type Colour = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** width * height * 3 bytes, rows from the top. */
  readonly rgb: Uint8Array;
}

export function createPicture(width: number, height: number): Picture {
  return { width, height, rgb: new Uint8Array(width * height * 3) };
}

/** Mixes a colour into one pixel; `alpha` 0 to 1. Pixels outside are ignored. */
export function blend(picture: Picture, x: number, y: number, colour: Colour, alpha: number): void {
  if (alpha <= 0 || x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
  const at = (y * picture.width + x) * 3;
  const share = Math.min(1, alpha);
  for (let band = 0; band < 3; band++) {
    const under = picture.rgb[at + band]!;
    picture.rgb[at + band] = Math.round(under + (colour[band]! - under) * share);
  }
}

export interface Point {
  /** Pixels of the picture, 0 at the centre of the leftmost pixel. */
  readonly x: number;
  readonly y: number;
}

/** A ring of `radius` and stroke `width`, both in pixels of the picture. */
export function strokeCircle(
  picture: Picture,
  centre: Point,
  radius: number,
  width: number,
  colour: Colour,
  alpha = 1,
): void {
  const reach = radius + width / 2 + 1;
  const half = width / 2 + 0.5;
  const inner = Math.max(0, radius - half);
  for (let y = Math.ceil(centre.y - reach); y <= centre.y + reach; y++) {
    const dy = y - centre.y;
    // Only the two arcs of this row, not the disc between them.
    const outerX = Math.sqrt(Math.max(0, reach * reach - dy * dy));
    const innerX = Math.abs(dy) < inner ? Math.sqrt(inner * inner - dy * dy) : 0;
    for (let x = Math.ceil(centre.x - outerX); x <= centre.x + outerX; x++) {
      if (Math.abs(x - centre.x) < innerX - 1) {
        x = Math.max(x, Math.ceil(centre.x + innerX - 1) - 1);
        continue;
      }
      const distance = Math.abs(Math.hypot(x - centre.x, dy) - radius);
      blend(picture, x, y, colour, alpha * Math.min(1, half - distance));
    }
  }
}

/** A line with round ends. */
export function strokeLine(picture: Picture, from: Point, to: Point, width: number, colour: Colour, alpha = 1): void {
  const half = width / 2 + 0.5;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const squared = dx * dx + dy * dy;
  for (let y = Math.ceil(Math.min(from.y, to.y) - half); y <= Math.max(from.y, to.y) + half; y++) {
    for (let x = Math.ceil(Math.min(from.x, to.x) - half); x <= Math.max(from.x, to.x) + half; x++) {
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / squared));
      const distance = Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
      blend(picture, x, y, colour, alpha * Math.min(1, half - distance));
    }
  }
}

export function fillRectangle(
  picture: Picture,
  at: { left: number; top: number; width: number; height: number },
  colour: Colour,
  alpha = 1,
): void {
  for (let y = at.top; y < at.top + at.height; y++) {
    for (let x = at.left; x < at.left + at.width; x++) blend(picture, x, y, colour, alpha);
  }
}
