/**
 * Lossless JPEG XL by the cjxl program of libjxl, for those who want the encoder their archive has always been made with.
 * It reads files only, so that every frame passes a temporary one. A sample's range is always written as 65535 (uint8: 255):
 * cjxl 0.7 loses data of a PGM that says less.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import type { FrameEncoder } from "../frame-codec.js";

/** What the program says of its version; undefined when there is none. */
export function cjxlVersion(): string | undefined {
  const { failed, stdout } = execaSync("cjxl", ["--version"], { reject: false });
  return failed ? undefined : /v?(\d+\.\d+\S*)/.exec(stdout)?.[1];
}

/** `effort` 1 to 9. Frames of more than 8 bits are coded with 16. */
export function openCjxlEncoder(effort: number): FrameEncoder {
  return {
    borrowEncoded(samples, { height, width }) {
      const folder = mkdtempSync(join(tmpdir(), "mote-cjxl-"));
      try {
        const isBytes = samples.length === height * width;
        const source = join(folder, "frame.pgm");
        const target = join(folder, "frame.jxl");
        const head = Buffer.from(`P5\n${width} ${height}\n${isBytes ? 255 : 65535}\n`);
        writeFileSync(source, Buffer.concat([head, isBytes ? samples : Buffer.from(samples).swap16()]));
        const ran = execaSync("cjxl", [source, target, "-d", "0", "-e", String(effort), "--num_threads=0"], {
          reject: false,
        });
        if (ran.failed) throw new Error(`cjxl: ${ran.stderr.trim().split("\n").at(-1) || ran.shortMessage}`);
        return readFileSync(target);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
