/** The box format around a JPEG XL codestream, where metadata has its place: ISO/IEC 18181-2. */
import { EndsEarly } from "../../format-problem.js";
import { type ByteSource, requireBytes } from "../../imaging/byte-source.js";

const signature = Uint8Array.of(0, 0, 0, 12, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a);
/** More text than a frame's metadata has. */
const mostTextBytes = 1 << 20;

function box(type: string, contentBytes: number): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + contentBytes, 0);
  head.write(type, 4, "latin1");
  return head;
}

/**
 * The pieces of a file with this XML (annex of 18181-2: box "xml ") behind the codestream. `coded` is what an encoder
 * gave: a bare codestream, or one in boxes, as it is for 13 bits and more. One of 4 GB and more stays as it is.
 */
export function withXml(coded: Uint8Array, xml: string): Uint8Array[] {
  const text = Buffer.from(xml);
  const isBoxed = coded[0] === 0;
  if (coded.length >= 2 ** 32 - 8) return [coded];
  const head = isBoxed
    ? []
    : [signature, box("ftyp", 12), Buffer.from("jxl \0\0\0\0jxl ", "latin1"), box("jxlc", coded.length)];
  return [...head, coded, box("xml ", text.length), text];
}

/** The text of the first "xml " box; undefined in a bare codestream, without such a box, or when it is too long to be ours. Throws where the file was cut. */
export function readXml(source: ByteSource): string | undefined {
  requireBytes(source.sizeBytes, 0, signature.length);
  const head = Buffer.alloc(16);
  source.readInto(head.subarray(0, 12), 0);
  if (!head.subarray(0, 12).equals(signature)) return undefined;
  let at = signature.length;
  while (at + 8 <= source.sizeBytes) {
    const known = Math.min(16, source.sizeBytes - at);
    source.readInto(head.subarray(0, known), at);
    const size = head.readUInt32BE(0);
    const headBytes = size === 1 ? 16 : 8;
    const bytes =
      size === 0 ? source.sizeBytes - at : size === 1 && known === 16 ? Number(head.readBigUInt64BE(8)) : size;
    if (bytes < headBytes || at + bytes > source.sizeBytes) {
      throw new EndsEarly(`the file ends inside a box of ${bytes} bytes`, at, "The file was cut; copy it again.");
    }
    if (head.toString("latin1", 4, 8) === "xml ") {
      if (bytes > mostTextBytes) return undefined;
      const text = Buffer.alloc(bytes - headBytes);
      source.readInto(text, at + headBytes);
      return text.toString("utf8");
    }
    at += bytes;
  }
  return undefined;
}
