import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claimedBytes, loadWasmZstd, loadZstd } from "../../../src/core/codecs/zstd.js";
import { python, testWithPython } from "../../judges.js";
import { seeded } from "../../seed.js";

const random = seeded(5);
const samples = [0, 1, 255, 256, 4096, 65_791, 65_792, 300_000].map((length) =>
  Uint8Array.from({ length }, (_, at) => (at & 1 ? 1 : 40 + random() * 30)),
);

describe.each([
  ["as this Node has it", loadZstd],
  ["as WebAssembly", loadWasmZstd],
])("zstd %s", (_, load) => {
  test("gives back any bytes, from shared memory too, and states their number", async () => {
    const { compress, decompress } = await load();
    for (const sample of samples) {
      const shared = new Uint8Array(new SharedArrayBuffer(sample.length + 3)).subarray(3);
      shared.set(sample);
      for (const level of [1, 3, 19]) {
        const coded = compress(shared, level);
        expect(claimedBytes(coded)).toBe(sample.length);
        expect(Buffer.compare(decompress(coded, sample.length), sample)).toBe(0);
      }
    }
  });

  test("refuses what is cut, no zstd, or larger than it may be", async () => {
    const { compress, decompress } = await load();
    const coded = compress(samples[7]!, 3);
    expect(() => decompress(coded, 299_999)).toThrow("claims 300000 bytes, expected at most 299999");
    expect(() => decompress(coded.subarray(0, coded.length - 9), 300_000)).toThrow();
    expect(() => decompress(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 300_000)).toThrow();
  });

  testWithPython("is read by Python's imagecodecs", async () => {
    const { compress } = await load();
    const folder = mkdtempSync(join(tmpdir(), "mote-zstd-"));
    writeFileSync(join(folder, "coded"), compress(samples[7]!, 3));
    const script = "import sys, imagecodecs as i; open('raw', 'wb').write(i.zstd_decode(open('coded', 'rb').read()))";
    execFileSync(python!, ["-c", script], { cwd: folder });
    const back = readFileSync(join(folder, "raw"));
    rmSync(folder, { recursive: true });
    expect(Buffer.compare(back, samples[7]!)).toBe(0);
  });
});
