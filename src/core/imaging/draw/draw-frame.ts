/** A frame as people look at it: contrast stretched, every detection circled, tracks with their recent way behind them. */
import type { FrameShape } from "../../model/descriptor.js";
import type { PixelArray } from "../../model/pixel-format.js";
import { createPicture, type Picture, type Point, strokeCircle, strokeLine } from "./canvas.js";
import { robustStretch, type Stretch, toGrey } from "./contrast.js";
import { shadeColour, trackColour } from "./palette.js";
import { drawScaleBar } from "./scale-bar.js";

/** A detection in one frame; x, y in pixels of the frame, origin at the centre of the top-left pixel. */
export interface DrawnPoint {
  readonly frame: number;
  /** -1 where nothing was linked. */
  readonly particleId: number;
  readonly x: number;
  readonly y: number;
}

export interface FrameDrawing {
  /** Rows without padding. */
  readonly pixels: PixelArray;
  readonly shape: FrameShape;
  /** Number of the frame: points of this frame are circled, earlier ones are tails. */
  readonly frameNumber: number;
  /** Detections of this frame and, for tails, of the frames before it, in any order. */
  readonly points: readonly DrawnPoint[];
  /** Diameter of the circles, pixels of the frame; null: an eightieth of the frame, at least 7. */
  readonly diameterPx: number | null;
  /** Draws a scale bar when known. */
  readonly pixelSizeUm: number | null;
  /** Grey levels shown as black and white; null: `robustStretch`. */
  readonly stretch?: Stretch | null;
}

/** Small frames are enlarged by a whole factor, so that a circle of a few pixels can be seen; each pixel stays a square. */
export function enlargement({ height, width }: FrameShape): number {
  return Math.max(1, Math.min(8, Math.round(1024 / Math.max(height, width))));
}

/** Draws one frame; pure. The picture is the frame's size times `enlargement`. */
export function drawFrame(drawing: FrameDrawing): Picture {
  const { shape, pixels, points, frameNumber } = drawing;
  const scale = enlargement(shape);
  const picture = createPicture(shape.width * scale, shape.height * scale);
  paintGrey(picture, pixels, shape, scale, drawing.stretch ?? robustStretch(pixels));

  // Centre of a pixel onto the centre of its square.
  const place = ({ x, y }: DrawnPoint): Point => ({ x: (x + 0.5) * scale - 0.5, y: (y + 0.5) * scale - 0.5 });
  const diameter = drawing.diameterPx ?? Math.max(7, Math.max(shape.height, shape.width) / 80);
  const radius = (diameter / 2) * scale;
  const stroke = Math.max(1.3, Math.min(3.5, radius / 5));

  for (const tail of tailsOf(points, frameNumber)) {
    const colour = trackColour(tail[0]!.particleId);
    for (let at = 1; at < tail.length; at++) {
      const age = frameNumber - tail[at]!.frame;
      strokeLine(picture, place(tail[at - 1]!), place(tail[at]!), stroke, colour, Math.max(0.25, 0.95 - age * 0.035));
    }
  }
  // Shades first, so that no ring is darkened by its neighbour's.
  const here = points.filter((point) => point.frame === frameNumber);
  for (const point of here) strokeCircle(picture, place(point), radius, stroke + 1.6, shadeColour, 0.35);
  for (const point of here) strokeCircle(picture, place(point), radius, stroke, trackColour(point.particleId));
  if (drawing.pixelSizeUm !== null) drawScaleBar(picture, drawing.pixelSizeUm / scale);
  return picture;
}

function paintGrey(picture: Picture, pixels: PixelArray, shape: FrameShape, scale: number, stretch: Stretch): void {
  const { width, height } = shape;
  const rowBytes = picture.width * 3;
  for (let y = 0; y < height; y++) {
    const top = y * scale * rowBytes;
    for (let x = 0; x < width; x++) {
      const grey = toGrey(pixels[y * width + x]!, stretch);
      picture.rgb.fill(grey, top + x * scale * 3, top + (x + 1) * scale * 3);
    }
    for (let copy = 1; copy < scale; copy++) picture.rgb.copyWithin(top + copy * rowBytes, top, top + rowBytes);
  }
}

/** The ways, up to this frame, of the tracks that are in it, each in the order of the frames. */
function tailsOf(points: readonly DrawnPoint[], frameNumber: number): DrawnPoint[][] {
  const tails = new Map<number, DrawnPoint[]>();
  for (const point of points) if (point.frame === frameNumber && point.particleId >= 0) tails.set(point.particleId, []);
  for (const point of points) if (point.frame <= frameNumber) tails.get(point.particleId)?.push(point);
  return [...tails.values()].map((tail) => tail.sort((a, b) => a.frame - b.frame));
}
