import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Blosc from "numcodecs/blosc";
import { expect, test } from "vitest";
import { type BloscCompressor, createBloscEncoder } from "../../../src/core/codecs/blosc/blosc-encoder.js";
import { bitShuffleReference, lz4Reference } from "../../../src/core/codecs/blosc/blosc-reference.js";
import { loadZstd } from "../../../src/core/codecs/zstd.js";
import { kernelStaticBytes, loadKernels } from "../../../src/core/kernels/load-kernels.js";
import { python, testWithPython } from "../../judges.js";
import { seeded } from "../../seed.js";

const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
const kernels = loadKernels(memory);
const bytes = new Uint8Array(memory.buffer);
const inputAt = kernelStaticBytes;
const outputAt = inputAt + 2 * 65536;
const tableAt = outputAt + 2 * 65536;
const guard = 0xa5;

/** Bytes of several kinds: noise, runs, pictures of twelve bits, all alike. */
function content(kind: number, length: number): Uint8Array {
  const random = seeded(kind * 7919 + length);
  if (kind % 4 === 0) return Uint8Array.from({ length }, () => random() * 256);
  if (kind % 4 === 1) return Uint8Array.from({ length }, (_, at) => (at % 97 < 60 ? 7 : random() * 3));
  if (kind % 4 === 2) return Uint8Array.from({ length }, (_, at) => (at % 2 === 0 ? random() * 60 : 1));
  return new Uint8Array(length).fill(200);
}

for (const [typesize, shuffle] of [
  [1, kernels.bitShuffle_u8],
  [2, kernels.bitShuffle_u16],
  [4, kernels.bitShuffle_u32],
] as const) {
  test(`bits of ${typesize}-byte elements are sorted as the plain twin sorts them, inside their room`, () => {
    for (const count of [0, 8, 16, 24, 40, 104, 1000, 4096, 8192]) {
      for (const unaligned of [0, 3]) {
        const input = content(count / 8, count * typesize);
        bytes.set(input, inputAt + unaligned);
        const out = bytes.subarray(outputAt + unaligned - 16, outputAt + unaligned + input.length + 16).fill(guard);
        shuffle(outputAt + unaligned, inputAt + unaligned, count);
        expect(Buffer.compare(out.subarray(16, -16), bitShuffleReference(input, typesize))).toBe(0);
        expect([...out.subarray(0, 16), ...out.subarray(-16)].every((byte) => byte === guard)).toBe(true);
      }
    }
  });
}

test("LZ4 blocks are the plain twin's, byte for byte, and end inside any room", () => {
  const random = seeded(5);
  for (let round = 0; round < 260; round++) {
    const length = round < 40 ? round : round > 250 ? 65536 - (round % 3) : Math.floor(random() * 3000);
    const input = content(round, length);
    const room = round % 5 === 4 ? Math.floor(length * random()) : length + length / 255 + 16;
    bytes.set(input, inputAt + (round % 7));
    const out = bytes.subarray(outputAt - 16, outputAt + Math.floor(room) + 16).fill(guard);
    const written = kernels.lz4Compress(outputAt, Math.floor(room), inputAt + (round % 7), length, tableAt);
    const expected = lz4Reference(input, Math.floor(room));
    expect(written).toBe(expected?.length ?? 0);
    if (expected) expect(Buffer.compare(out.subarray(16, 16 + written), expected)).toBe(0);
    expect([...out.subarray(0, 16), ...out.subarray(-16)].every((byte) => byte === guard)).toBe(true);
  }
});

const zstd = await loadZstd();
/** Element counts around eight, a block, several blocks and their remainders. */
const counts = [1, 3, 7, 8, 9, 63, 255, 8191, 8192, 8193, 16384, 16391, 16392, 40_005, 65_536];
const chunks = (["lz4", "zstd"] as const).flatMap((compressor: BloscCompressor) =>
  ([1, 2, 4] as const).flatMap((typesize) => {
    const encoder = createBloscEncoder(compressor, typesize, 65_536 * typesize, (block) => zstd.compress(block, 1));
    return counts.flatMap((count, index) => {
      return [0, 1, 2, 3].map((kind) => {
        const raw = content(kind + 4 * index, count * typesize);
        return {
          name: `${compressor} ${typesize} x ${count}, kind ${kind}`,
          raw,
          coded: encoder.borrowEncoded(raw).slice(),
        };
      });
    });
  }),
);

test("the decoder that zarrita uses gives every chunk back", async () => {
  const decoder = Blosc.fromConfig({ id: "blosc", cname: "lz4", clevel: 5, shuffle: 2, blocksize: 0 });
  for (const { name, raw, coded } of chunks) {
    expect(Buffer.compare(await decoder.decode(coded), raw), name).toBe(0);
    expect(coded.length, name).toBeLessThanOrEqual(raw.length + 16);
  }
});

testWithPython("numcodecs reads every chunk and knows its compressor", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "mote-blosc-"));
  try {
    const packed: Buffer[] = [];
    for (const { raw, coded } of chunks) {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(raw.length, 0);
      lengths.writeUInt32LE(coded.length, 4);
      packed.push(lengths, Buffer.from(raw), Buffer.from(coded));
    }
    writeFileSync(join(folder, "chunks"), Buffer.concat(packed));
    const script = `import sys, json, struct
from numcodecs import blosc
data, at, told = open(sys.argv[1], "rb").read(), 0, []
while at < len(data):
    raw, coded = struct.unpack_from("<II", data, at)
    chunk = data[at + 8 + raw : at + 8 + raw + coded]
    told.append([blosc.decompress(chunk) == data[at + 8 : at + 8 + raw], blosc.cbuffer_complib(chunk)])
    at += 8 + raw + coded
print(json.dumps(told))`;
    const ran = spawnSync(python!, ["-c", script, join(folder, "chunks")], { encoding: "utf8", maxBuffer: 1 << 24 });
    expect(ran.stderr).toBe("");
    const told = JSON.parse(ran.stdout) as unknown[][];
    expect(told.length).toBe(chunks.length);
    for (const [index, { name, coded }] of chunks.entries()) {
      const [compressor, typesize] = name.split(" ") as ["lz4" | "zstd", string];
      expect(told[index], name).toEqual([true, { lz4: "LZ4", zstd: "Zstd" }[compressor]]);
      expect([coded[3], coded[2]! & 5], name).toEqual([Number(typesize), 4]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an empty chunk, one too long and half an element are refused", () => {
  const encoder = createBloscEncoder("lz4", 2, 64);
  for (const length of [0, 3, 66]) expect(() => encoder.borrowEncoded(new Uint8Array(length))).toThrow(RangeError);
});
