/** The image in a Zarr store: which array, what its axes are, and how large and fast they are (OME-Zarr 0.4 and 0.5). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FormatProblem } from "../../../format-problem.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../model/json.js";
import { type ArrayNode, readNode, readNodeIn } from "./read-node.js";

export interface ZarrImage {
  readonly array: ArrayNode;
  /** Names of all axes, slowest first, y and x the last; null where the store does not say. */
  readonly axes: readonly (string | null)[];
  /** Micrometres; null when the store does not say so for both axes alike. */
  readonly pixelSizeUm: number | null;
  /** Frames a second from the distance along t; null when unknown. */
  readonly rateHz: number | null;
  /** Folders of all resolutions, the full one first. */
  readonly levels: readonly string[];
  readonly attributes: JsonObject;
  /** "0.5"; null for a plain array. */
  readonly omeVersion: string | null;
}

const micrometres: Readonly<Record<string, number>> = {
  nanometer: 1e-3,
  micrometer: 1,
  millimeter: 1e3,
  centimeter: 1e4,
  meter: 1e6,
};
const seconds: Readonly<Record<string, number>> = {
  nanosecond: 1e-9,
  microsecond: 1e-6,
  millisecond: 1e-3,
  second: 1,
  minute: 60,
  hour: 3600,
};

/** Finds it, or refuses with what is there instead. */
export function findImage(path: string): ZarrImage {
  const node = readNode(path);
  if (!node)
    throw new FormatProblem("wrong-format", "is no Zarr store: it has neither zarr.json nor .zarray nor .zgroup");
  if (node.kind === "array") {
    const { dimensionNames, shape } = node;
    requirePlane(shape);
    const axes = dimensionNames ?? shape.map(() => null);
    if (dimensionNames) requireRowsOfPixels(axes);
    return { array: node, axes, pixelSizeUm: null, rateHz: null, levels: ["."], attributes: {}, omeVersion: null };
  }
  const { attributes } = node;
  const ome = isJsonObject(attributes.ome) ? attributes.ome : attributes;
  const multiscale = Array.isArray(ome.multiscales) ? (ome.multiscales as readonly JsonValue[])[0] : undefined;
  if (!isJsonObject(multiscale)) throw noImage(path, ome);
  const datasets = Array.isArray(multiscale.datasets) ? (multiscale.datasets as readonly JsonValue[]) : [];
  const [full] = datasets;
  if (!isJsonObject(full) || typeof full.path !== "string")
    throw new FormatProblem("file-damaged", "names no array in its multiscales");
  const array = readNodeIn(path, full.path);
  if (array?.kind !== "array")
    throw new FormatProblem("file-damaged", `there is no array ${full.path}, which its multiscales name`);
  requirePlane(array.shape);
  const axes = axesOf(multiscale.axes, array.shape.length);
  requireRowsOfPixels(axes.map(({ name }) => name));
  const scale = [full.coordinateTransformations, multiscale.coordinateTransformations]
    .map((list) => scaleOf(list, axes.length))
    .reduce((product, factor) => product.map((value, axis) => value * factor[axis]!));
  const length = (axis: number) => scale[axis]! * (micrometres[axes[axis]!.unit ?? ""] ?? Number.NaN);
  const [height, width] = [length(axes.length - 2), length(axes.length - 1)];
  const time = axes.findIndex(({ name }) => name === "t");
  const interval = time < 0 ? Number.NaN : scale[time]! * (seconds[axes[time]!.unit ?? ""] ?? Number.NaN);
  return {
    array,
    axes: axes.map(({ name }) => name),
    pixelSizeUm: height === width && width > 0 ? width : null,
    rateHz: interval > 0 ? 1 / interval : null,
    levels: datasets.flatMap((set) => (isJsonObject(set) && typeof set.path === "string" ? [set.path] : [])),
    attributes,
    omeVersion: String(ome.version ?? multiscale.version ?? "unknown"),
  };
}

function noImage(path: string, ome: JsonObject): FormatProblem {
  const folders = readdirSync(path, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() &&
        ["zarr.json", ".zarray", ".zgroup"].some((mark) => existsSync(join(path, entry.name, mark))),
    )
    .map((entry) => entry.name);
  const what = ome.plate !== undefined ? "is a plate of many images" : "is a Zarr group without an OME-Zarr image";
  const hint =
    folders.length > 0 ? `Name a folder in it: ${folders.slice(0, 8).join(", ")}.` : "There is no array in it.";
  return new FormatProblem("file-damaged", what, undefined, hint);
}

function requirePlane(shape: readonly number[]): void {
  if (shape.length < 2)
    throw new FormatProblem("unsupported", `holds an array of ${shape.length} axes, expected rows and columns`);
}

function requireRowsOfPixels(axes: readonly (string | null)[]): void {
  const last = axes.slice(-2).map((name) => name?.toLowerCase() ?? null);
  if (last.every((name) => name === null) || (last[0] === "y" && last[1] === "x")) return;
  throw new FormatProblem("unsupported", `has axes ${axes.join(", ")}, expected y and x as the last two`);
}

function axesOf(value: JsonValue | undefined, rank: number): { name: string; unit: string | null }[] {
  const axes = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  const named = axes.flatMap((axis) =>
    isJsonObject(axis) && typeof axis.name === "string"
      ? [{ name: axis.name, unit: typeof axis.unit === "string" ? axis.unit : null }]
      : [],
  );
  if (named.length === rank) return named;
  throw new FormatProblem("unsupported", `names ${named.length} axes of an array of ${rank}`);
}

/** The product of the scales in a list of transformations; 1 along each axis when there is none. */
function scaleOf(value: JsonValue | undefined, rank: number): readonly number[] {
  let product = new Array<number>(rank).fill(1);
  for (const transformation of Array.isArray(value) ? (value as readonly JsonValue[]) : []) {
    if (!isJsonObject(transformation) || transformation.type !== "scale" || !Array.isArray(transformation.scale))
      continue;
    const { scale } = transformation as { scale: readonly JsonValue[] };
    product = product.map((factor, axis) => factor * Number(scale[axis]));
  }
  return product;
}
