/** Undoes the codecs of a chunk (Zarr v3, "Codecs"). What could only be undone wrong is refused when the chain is made. */
import zlib from "node:zlib";
import { loadBloscDecoder } from "../../../codecs/blosc/blosc-decoder.js";
import { crc32c } from "../../../codecs/crc32c.js";
import { loadZstd } from "../../../codecs/zstd.js";
import { ChecksumMismatch, FormatProblem } from "../../../format-problem.js";
import type { Codec } from "./read-node.js";

export interface ChunkDecoder {
  /** The chunk's elements in row order, little-endian, exactly `length` bytes. May be the stored bytes themselves. */
  decode(stored: Uint8Array): Promise<Uint8Array>;
}

type Step = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** A decoder for chunks that hold `length` bytes of elements of `elementBytes` each. */
export async function loadChunkDecoder(
  codecs: readonly Codec[],
  elementBytes: number,
  length: number,
): Promise<ChunkDecoder> {
  const [first, ...rest] = codecs;
  if (first?.name !== "bytes") throw unreadable(first?.name ?? "none", "is not read by Mote");
  const isSwapped = first.configuration.endian === "big" && elementBytes > 1;
  const steps: Step[] = [];
  // Those that only the innermost step, next to the elements, may have: the others' lengths are not known beforehand.
  for (const [place, codec] of rest.entries()) steps.unshift(await stepOf(codec, length, place === 0));
  return {
    async decode(stored) {
      let bytes = stored;
      for (const step of steps) bytes = await step(bytes);
      if (bytes.length !== length)
        throw new FormatProblem("file-damaged", `a chunk of ${bytes.length} bytes, expected ${length}`);
      if (!isSwapped) return bytes;
      const swapped = Buffer.from(bytes);
      return elementBytes === 2 ? swapped.swap16() : swapped.swap32();
    },
  };
}

function unreadable(name: string, what: string): FormatProblem {
  return new FormatProblem(
    "unsupported",
    `its codec "${name}" ${what}`,
    undefined,
    "Write it again in Python with blosc, zstd or gzip.",
  );
}

async function stepOf({ name, configuration }: Codec, length: number, isInnermost: boolean): Promise<Step> {
  const most = length + 64;
  switch (name.replace(/^numcodecs\./, "")) {
    case "gzip":
    case "zlib":
      return (bytes) => zlib.unzipSync(bytes, { maxOutputLength: most });
    case "zstd": {
      const zstd = await loadZstd();
      return (bytes) => zstd.decompress(bytes, most);
    }
    case "blosc": {
      if (!isInnermost) throw unreadable(name, "behind another compression is not read by Mote");
      const blosc = await loadBloscDecoder();
      return (bytes) => blosc.decode(bytes, length);
    }
    case "crc32c":
      if (configuration.location === "start") throw unreadable(name, "puts its checksum in front");
      return checkCrc32c;
    default:
      throw unreadable(name, "is not read by Mote");
  }
}

/** Takes the checksum off the end, if it is that of the bytes before it. */
export function checkCrc32c(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(body.length, true) !== crc32c(body)) {
    throw new ChecksumMismatch("bytes that do not match their CRC-32C");
  }
  return body;
}
