import { decode } from "fast-png";
import { expect, test } from "vitest";
import { createPicture, strokeCircle, strokeLine } from "../../../../src/core/imaging/draw/canvas.js";
import { robustStretch, toGrey } from "../../../../src/core/imaging/draw/contrast.js";
import { drawFrame, enlargement } from "../../../../src/core/imaging/draw/draw-frame.js";
import { encodePicture } from "../../../../src/core/imaging/draw/encode-picture.js";
import { trackColour } from "../../../../src/core/imaging/draw/palette.js";
import { lengthLabel, roundLength } from "../../../../src/core/imaging/draw/scale-bar.js";

test("one hot pixel does not darken a frame", () => {
  const pixels = new Uint16Array(100 * 100).map((_, at) => 100 + (at % 50));
  pixels[5050] = 65535;
  const stretch = robustStretch(pixels);
  expect(stretch.high).toBeLessThan(200);
  expect(toGrey(65535, stretch)).toBe(255);
});

test("frames of one value, of nothing finite and of nothing at all have a stretch", () => {
  for (const pixels of [new Uint8Array(64).fill(7), new Float32Array(64).fill(Number.NaN), new Float32Array(0)]) {
    const { low, high } = robustStretch(pixels);
    expect(high).toBeGreaterThan(low);
  }
  expect(toGrey(Number.NaN, { low: 0, high: 1 })).toBe(0);
});

test("a circle's ink is its circumference times its stroke, wherever its centre is", () => {
  for (const [x, y] of [
    [50, 50],
    [50.37, 49.71],
  ] as const) {
    const picture = createPicture(101, 101);
    strokeCircle(picture, { x, y }, 30, 2, [255, 255, 255]);
    const ink = picture.rgb.reduce((sum, value) => sum + value, 0) / 3 / 255;
    expect(ink / (2 * Math.PI * 30 * 2)).toBeCloseTo(1, 1.5);
    expect(picture.rgb[(Math.round(y) * 101 + Math.round(x)) * 3]).toBe(0);
  }
});

test("strokes that leave the picture are cut at its edge", () => {
  const picture = createPicture(8, 8);
  strokeCircle(picture, { x: -3, y: 12 }, 9, 2, [255, 0, 0]);
  strokeLine(picture, { x: -10, y: -10 }, { x: 20, y: 20 }, 1, [0, 255, 0]);
  expect(picture.rgb.length).toBe(8 * 8 * 3);
  expect(picture.rgb[(4 * 8 + 4) * 3 + 1]).toBe(255);
});

test("a pixel of a small frame becomes a square of itself", () => {
  const shape = { height: 100, width: 128 };
  const pixels = new Float32Array(shape.height * shape.width).map((_, at) => (at % 128) / 128);
  const drawing = { pixels, shape, frameNumber: 0, points: [], diameterPx: null, pixelSizeUm: null };
  const picture = drawFrame({ ...drawing, stretch: { low: 0, high: 1 } });
  expect(enlargement(shape)).toBe(8);
  expect([picture.width, picture.height]).toEqual([1024, 800]);
  for (const [x, y] of [
    [0, 0],
    [127, 99],
    [64, 31],
  ] as const) {
    for (const inside of [0, 7]) {
      const at = ((y * 8 + inside) * 1024 + x * 8 + inside) * 3;
      expect(picture.rgb[at]).toBe(Math.round((x / 128) * 255));
    }
  }
});

test("a detection is ringed in its track's colour at its place, its way behind it", () => {
  const shape = { height: 1024, width: 1024 };
  const pixels = new Uint16Array(1024 * 1024);
  const points = [
    { frame: 4, particleId: 3, x: 300, y: 400 },
    { frame: 3, particleId: 3, x: 360, y: 400 },
    { frame: 5, particleId: 3, x: 100, y: 100 },
    { frame: 3, particleId: 9, x: 700, y: 700 },
  ];
  const picture = drawFrame({
    pixels,
    shape,
    frameNumber: 4,
    points,
    diameterPx: 21,
    pixelSizeUm: null,
    stretch: { low: 0, high: 1 },
  });
  const at = (x: number, y: number) => [...picture.rgb.subarray((y * 1024 + x) * 3, (y * 1024 + x) * 3 + 3)];
  const colour = [...trackColour(3)];
  const ring = Math.round(300 - 10.5);
  expect(Math.abs(at(ring, 400)[0]! - colour[0]!)).toBeLessThan(60);
  expect(at(340, 400).some((value) => value > 100)).toBe(true);
  // A later frame, and a track that is not in this one, leave no trace.
  expect(at(100, 100)).toEqual([0, 0, 0]);
  expect(at(700, 700)).toEqual([0, 0, 0]);
});

test("a scale bar is a round length", () => {
  expect([0.07, 1, 3.2, 9.99, 47, 2300].map(roundLength)).toEqual([0.05, 1, 2, 5, 20, 2000]);
  expect([0.05, 2, 500, 2000].map(lengthLabel)).toEqual(["50 nm", "2 µm", "500 µm", "2 mm"]);
});

test("a PNG decodes to the picture", () => {
  const picture = createPicture(5, 3);
  picture.rgb.forEach((_, at) => {
    picture.rgb[at] = at * 5;
  });
  const decoded = decode(encodePicture(picture));
  expect([decoded.width, decoded.height, decoded.channels]).toEqual([5, 3, 3]);
  expect([...decoded.data]).toEqual([...picture.rgb]);
});
