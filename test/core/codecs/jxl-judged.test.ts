/** Other people's decoders read what we encode. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { python, testWithPython } from "../../judges.js";
import { type Case, cases, encode, samplesOf } from "./jxl-samples.js";

/** djxl, where it is installed, by Netpbm; it scales 9 to 15 bits to 16 on the way, which is undone here. */
function djxlReads(folder: string, name: string, { bits }: Case): Uint8Array | undefined {
  const file = join(folder, `${name}.pgm`);
  const { error } = spawnSync("djxl", [join(folder, `${name}.jxl`), file]);
  if (error) return undefined;
  const bytes = readFileSync(file);
  let at = 0;
  for (let line = 0; line < 3; line++) at = bytes.indexOf(10, at) + 1;
  const body = bytes.subarray(at);
  if (bits === 8) return body;
  const values = new Uint16Array(body.length / 2);
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.round((body.readUInt16BE(2 * i) * (2 ** bits - 1)) / 65535);
  }
  return new Uint8Array(values.buffer);
}

testWithPython(
  "imagecodecs, and djxl where it is installed, read the same pixels (skipped: needs MOTE_PYTHON with imagecodecs)",
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "mote-jxl-"));
    const list = cases.map((given, at) => {
      writeFileSync(join(folder, `${at}.jxl`), encode(given));
      writeFileSync(join(folder, `${at}.raw`), samplesOf(given));
      return [`${at}`, given.height, given.width, given.bits];
    });
    writeFileSync(join(folder, "list.json"), JSON.stringify(list));
    const wrong = execFileSync(python!, [join(import.meta.dirname, "judge-jxl.py"), folder], { encoding: "utf8" });
    expect(JSON.parse(wrong)).toEqual([]);
    cases.forEach((given, at) => {
      const read = djxlReads(folder, `${at}`, given);
      if (read) expect(Buffer.compare(read, samplesOf(given)), JSON.stringify(given)).toBe(0);
    });
  },
);
