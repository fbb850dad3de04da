/** Which format has a file that is looked into, and what it says of it: the facts behind `mote inspect`. */
import { decoding } from "../../decoding.js";
import { failure, refusal } from "../../errors.js";
import type { FrameDrawing } from "../../imaging/draw/draw-frame.js";
import { explained } from "../../imaging/explained.js";
import { appearanceOf, filesOf, standsForParts } from "../archive-formats.js";
import { containers } from "../container-for.js";
import type { Format } from "../formats/format.js";
import { formats } from "../formats/registry.js";
import { isKnownFormat, knownExtensions } from "../read/image-formats.js";
import type { Inspection, Inspector } from "./inspection.js";

const inspected = formats.filter(({ inspect }) => inspect);

/** By the content, then by the name; null of what is replayed and has nothing else to say than images have. */
function formatToInspect(path: string): Format | null {
  const file = appearanceOf(`inspect, ${path}`, path);
  const contained = inspected.find((format) => format.isContained(file));
  if (contained) return contained;
  if (file.isFolder) {
    const stores = formats.filter(({ replay }) => replay?.isFolder).map(({ name }) => name);
    const what = `expected a file or a ${stores.join(" or ")} store, got a folder`;
    const hint = "Name one of its files. Of a folder of frames mote verify says what is in it, and acquire replays it.";
    throw refusal("wrong-kind-of-file", `inspect, ${path}`, what, hint);
  }
  if (isKnownFormat(path)) return null;
  const named = inspected.find((format) => format.isNamed(file));
  if (named) return named;
  const known = [...new Set([...knownExtensions, ...Object.keys(containers)])];
  throw refusal(
    file.head.length === 0 ? "nothing-in-it" : "wrong-format",
    `inspect, ${path}`,
    file.head.length === 0 ? "the file is empty" : "is of no format that Mote knows",
    `mote inspect knows ${known.slice(0, -1).join(", ")} and ${known.at(-1)}.`,
  );
}

/** What a file is for those who look into it; plain data. */
export interface Kind {
  /** Place of its format in the registry; of what has nothing else to say than images have, and of stdin, by name. */
  readonly of: number | "images" | "stream";
  /** A library reads it that may not come back. */
  readonly isConfined: boolean;
}

/** Looks at a file; "-" is a frame stream on stdin. Refuses what cannot be looked into. */
export async function kindOf(path: string): Promise<Kind> {
  if (path === "-") return { of: "stream", isConfined: false };
  const parts = await filesOf(path);
  if (parts.length > 1 || parts[0] !== path) throw standsForParts(`inspect, ${path}`, parts);
  const format = formatToInspect(path);
  return format
    ? { of: formats.indexOf(format), isConfined: format.isConfined === true }
    : { of: "images", isConfined: false };
}

async function inspectorOf({ of: which }: Kind): Promise<Inspector> {
  if (which === "stream") return (await import("./stream.js")).streamInspector;
  if (which === "images") return (await import("./images.js")).imagesInspector;
  return formats[which]!.inspect!();
}

/** Describes a file of this kind, or the frame stream on stdin when `path` is "-". */
export async function inspectFile(path: string, kind: Kind): Promise<Inspection> {
  const inspector = await inspectorOf(kind);
  try {
    return await decoding(() => inspector.inspect(path));
  } catch (error) {
    throw explained(`inspect, ${path}`, error, failure);
  }
}

/** What is needed to draw frame `frameNumber` of a file; a refusal when it is not there. */
export async function frameToDraw(path: string, kind: Kind, frameNumber: number): Promise<FrameDrawing> {
  const inspector = await inspectorOf(kind);
  try {
    const draw = inspector.draw ?? (await import("./images.js")).drawImage;
    return await decoding(() => draw(path, frameNumber));
  } catch (error) {
    throw explained(`inspect, ${path}`, error, failure);
  }
}
