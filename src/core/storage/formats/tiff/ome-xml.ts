/** The description that makes a TIFF an OME-TIFF: OME-XML, schema 2016-06, one image of one channel and one plane over time. */
import type { StreamDescriptor } from "../../../model/descriptor.js";

const namespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
const pixelType = { uint8: "uint8", uint16: "uint16", float32: "float" } as const;
/** Room for SizeT in the description that is written first: the attribute, padded with spaces. */
export const sizeFieldBytes = 'SizeT="4294967295"'.length;

export interface OmeImage {
  readonly descriptor: StreamDescriptor;
  /** Name of the image: the file's. */
  readonly name: string;
  readonly creator: string;
  /** Capture of the first frame, ns since 1970; 0 when unknown. */
  readonly firstAtNs: bigint;
  /** What OME has no place for, kept as a comment. */
  readonly comment: string;
}

/** The attribute SizeT in its room. */
export function sizeField(frames: number): string {
  return `SizeT="${frames}"`.padEnd(sizeFieldBytes);
}

/**
 * The whole document, ASCII. `capturedAtNs(t)` gives the time of each frame for DeltaT, or is left out while the run goes
 * on. Times count from AcquisitionDate, which has milliseconds, so that nanoseconds survive in DeltaT.
 */
export function omeXml(image: OmeImage, frames: number, capturedAtNs?: (t: number) => bigint): string {
  const { descriptor, firstAtNs } = image;
  const { shape, bitDepth, pixelSizeUm, rateHz } = descriptor;
  const startNs = (firstAtNs / 1_000_000n) * 1_000_000n;
  const date = firstAtNs > 0n ? new Date(Number(startNs / 1_000_000n)).toISOString() : "";
  const bits = descriptor.pixelFormat === "float32" ? "" : ` SignificantBits="${bitDepth}"`;
  // The unit that the schema presumes is the micrometre, for TimeIncrement and DeltaT the second.
  const size = pixelSizeUm === null ? "" : ` PhysicalSizeX="${pixelSizeUm}" PhysicalSizeY="${pixelSizeUm}"`;
  const increment = rateHz === null || rateHz <= 0 ? "" : ` TimeIncrement="${1 / rateHz}"`;
  const planes: string[] = [];
  if (capturedAtNs && firstAtNs > 0n) {
    for (let t = 0; t < frames; t++) {
      const at = capturedAtNs(t);
      if (at > 0n) planes.push(`<Plane TheZ="0" TheT="${t}" TheC="0" DeltaT="${seconds(at - startNs)}"/>`);
    }
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<OME xmlns="${namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `,
    `xsi:schemaLocation="${namespace} ${namespace}/ome.xsd" Creator="${escapeXml(image.creator)}">`,
    `<Image ID="Image:0" Name="${escapeXml(image.name)}">`,
    date && `<AcquisitionDate>${date}</AcquisitionDate>`,
    `<Pixels ID="Pixels:0" ${sizeField(frames)} DimensionOrder="XYCZT" Type="${pixelType[descriptor.pixelFormat]}"`,
    `${bits} BigEndian="false" SizeX="${shape.width}" SizeY="${shape.height}" SizeC="1" SizeZ="1"${size}${increment}>`,
    '<Channel ID="Channel:0:0" SamplesPerPixel="1"/><TiffData/>',
    ...planes,
    "</Pixels></Image><StructuredAnnotations>",
    `<CommentAnnotation ID="Annotation:0" Namespace="mote"><Value>${escapeXml(image.comment)}</Value></CommentAnnotation>`,
    "</StructuredAnnotations></OME>",
  ].join("");
}

function seconds(ns: bigint): string {
  const sign = ns < 0n ? "-" : "";
  const digits = String(ns < 0n ? -ns : ns).padStart(10, "0");
  return `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Text for an attribute or element: what is beyond ASCII as references, what XML 1.0 forbids (section 2.2) left out. */
function escapeXml(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0)!;
      if (code >= 0xd800 && code <= 0xdfff) return "";
      if (code === 0xfffe || code === 0xffff || (code < 32 && code !== 9 && code !== 10 && code !== 13)) return "";
      return code < 32 || code > 126 || `&<>"'`.includes(character) ? `&#${code};` : character;
    })
    .join("");
}
