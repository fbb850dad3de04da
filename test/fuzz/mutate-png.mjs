/** Lies in a PNG whose checksums are right all the same. */
import { crc32 } from "node:zlib";
import { mutateBytes } from "./mutate-bytes.mjs";

export function mutatePng(original, random) {
  const chunks = [];
  for (let at = 8; at + 12 <= original.length; ) {
    const end = at + 12 + original.readUInt32BE(at);
    chunks.push({ type: original.subarray(at + 4, at + 8), data: original.subarray(at + 8, end - 4) });
    at = end;
  }
  const chunk = random.pick([chunks[0], random.pick(chunks)]);
  if (chunk.data.length > 0) chunk.data = mutateBytes(chunk.data, random);
  return Buffer.concat([
    original.subarray(0, 8),
    ...chunks.flatMap(({ type, data }) => {
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      sum.writeUInt32BE(crc32(Buffer.concat([type, data])));
      return [length, type, data, sum];
    }),
  ]);
}
