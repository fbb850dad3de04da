/** The few attributes of OME-XML that Mote uses (OME schema 2016-06, Image/Pixels/Plane), read without a parser of XML. */
import { micrometresPer } from "./imagej.js";

export interface OmeDescription {
  readonly images: number;
  readonly sizeC: number;
  readonly sizeZ: number;
  readonly sizeT: number;
  /** The axes after XY, fastest first: "CZT". */
  readonly order: string;
  readonly pixelSizeUm: number | null;
  /** Frames a second by TimeIncrement; null when not given. */
  readonly rateHz: number | null;
  /** 0 when not given. */
  readonly significantBits: number;
  /** Nanoseconds since the Unix epoch, UTC; 0 when unknown. A date without a zone is taken as UTC. */
  readonly acquiredAtNs: bigint;
  /** Seconds after `acquiredAtNs` by "c,z,t", of the first image. */
  readonly deltaS: ReadonlyMap<string, number>;
  /** What Mote kept of the first frame and the stream, in an annotation of its own; empty otherwise. */
  readonly moteJson: string;
}

/** Undefined when `text` is no OME-XML with pixels. */
export function parseOme(text: string): OmeDescription | undefined {
  if (!/<(?:\w+:)?OME[\s>]/.test(text.slice(0, 4096))) return undefined;
  const image = /<(?:\w+:)?Image[\s>][\s\S]*?(?:<\/(?:\w+:)?Image>|$)/.exec(text)?.[0] ?? "";
  const pixels = attributes(/<(?:\w+:)?Pixels\s([^>]*)>/.exec(image)?.[1] ?? "");
  if (!pixels.has("SizeX")) return undefined;
  const count = (name: string) => Math.max(1, Math.trunc(Number(pixels.get(name) ?? 1)) || 1);
  const date = Date.parse(zoned(/<(?:\w+:)?AcquisitionDate>\s*([^<\s]+)/.exec(image)?.[1] ?? ""));
  return {
    images: [...text.matchAll(/<(?:\w+:)?Image[\s>]/g)].length,
    sizeC: count("SizeC"),
    sizeZ: count("SizeZ"),
    sizeT: count("SizeT"),
    order: (pixels.get("DimensionOrder") ?? "XYCZT").slice(2),
    pixelSizeUm: pixelSize(pixels),
    rateHz: rate(pixels),
    significantBits: Math.trunc(Number(pixels.get("SignificantBits") ?? 0)) || 0,
    acquiredAtNs: Number.isFinite(date) ? BigInt(date) * 1_000_000n : 0n,
    deltaS: planeTimes(image),
    moteJson: unescapeXml(/<CommentAnnotation [^>]*Namespace="mote"[^>]*><Value>([^<]*)</.exec(text)?.[1] ?? ""),
  };
}

function pixelSize(pixels: ReadonlyMap<string, string>): number | null {
  const x = Number(pixels.get("PhysicalSizeX") ?? Number.NaN);
  const y = Number(pixels.get("PhysicalSizeY") ?? x);
  const unit = micrometresPer(pixels.get("PhysicalSizeXUnit") ?? "µm");
  const unitY = micrometresPer(pixels.get("PhysicalSizeYUnit") ?? "µm");
  // One number stands for both axes, so pixels that are not square have none.
  if (!(x > 0) || unit === undefined || unitY === undefined || Math.abs(y * unitY - x * unit) > 1e-6 * x * unit)
    return null;
  return x * unit;
}

/** Seconds of one unit of time as OME spells it. */
const seconds: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9, min: 60 };

function rate(pixels: ReadonlyMap<string, string>): number | null {
  const unit = seconds[pixels.get("TimeIncrementUnit") ?? "s"] ?? Number.NaN;
  const interval = Number(pixels.get("TimeIncrement") ?? Number.NaN) * unit;
  return interval > 0 && Number.isFinite(interval) ? 1 / interval : null;
}

function planeTimes(image: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const match of image.matchAll(/<(?:\w+:)?Plane\s([^>]*)>/g)) {
    const plane = attributes(match[1]!);
    const delta = Number(plane.get("DeltaT") ?? Number.NaN) * (seconds[plane.get("DeltaTUnit") ?? "s"] ?? Number.NaN);
    if (Number.isFinite(delta)) times.set(`${plane.get("TheC")},${plane.get("TheZ")},${plane.get("TheT")}`, delta);
  }
  return times;
}

/** Text of an element: the five named references and the numbered ones (XML 1.0 section 4.6). */
function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));/g, (whole, decimal, hexadecimal, name) => {
    const code = decimal ? Number(decimal) : hexadecimal ? Number.parseInt(hexadecimal, 16) : Number.NaN;
    return code <= 0x10ffff ? String.fromCodePoint(code) : (named[name] ?? whole);
  });
}

function attributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(/([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    const value = (match[2] ?? match[3] ?? "")
      .replaceAll("&#181;", "µ")
      .replaceAll("&#xB5;", "µ")
      .replaceAll("&#956;", "μ");
    found.set(match[1]!, value);
  }
  return found;
}

function zoned(date: string): string {
  return /(?:Z|[+-]\d\d:?\d\d)$/.test(date) || date === "" ? date : `${date}Z`;
}
