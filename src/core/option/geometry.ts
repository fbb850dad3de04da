/** Options with a geometry: the size of an image and a region of it. Declared once, used by every stage that has them. */
import { isWholeNumber } from "../model/range.js";
import { option, type Prose } from "./option.js";

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Edges no sensor reaches; keeps products below 2^53. */
const largestEdge = 1 << 20;

/** "640x480": width, then height, as on a data sheet; in a run file also { width, height }. */
export function size(prose: Prose) {
  return option.custom<Size, Prose & { expected: string; metavar: string }>(
    { ...prose, metavar: "WxH", expected: "width x height in pixels, such as 640x480" },
    (raw) => {
      const match = typeof raw === "string" ? /^(\d+)x(\d+)$/.exec(raw.trim()) : null;
      const given = match ? { width: Number(match[1]), height: Number(match[2]) } : raw;
      const [width, height] = wholeNumbers(given, ["width", "height"]) ?? [];
      if (!width || !height || width > largestEdge || height > largestEdge) return undefined;
      return { height, width };
    },
  );
}

/** "10,20,640,480": x and y of the top-left pixel, then width and height; in a run file also { x, y, width, height }. */
export function region(prose: Prose) {
  return option.custom<Size & { x: number; y: number }, Prose & { expected: string; metavar: string }>(
    { ...prose, metavar: "x,y,width,height", expected: "four whole numbers x,y,width,height in pixels" },
    (raw) => {
      const parts =
        typeof raw === "string" ? raw.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part))) : raw;
      const given =
        Array.isArray(parts) && parts.length === 4
          ? Object.fromEntries(["x", "y", "width", "height"].map((name, at) => [name, parts[at]]))
          : parts;
      const [x, y, width, height] = wholeNumbers(given, ["x", "y", "width", "height"]) ?? [];
      if (x === undefined || y === undefined || !width || !height) return undefined;
      return { x, y, width, height };
    },
  );
}

/** The named members of an object, if all are whole numbers from 0 on. */
function wholeNumbers(given: unknown, names: readonly string[]): number[] | undefined {
  if (typeof given !== "object" || given === null || Object.keys(given).length !== names.length) return undefined;
  const values = names.map((name) => (given as Readonly<Record<string, unknown>>)[name]);
  return values.every((value): value is number => isWholeNumber(value, 0)) ? values : undefined;
}
