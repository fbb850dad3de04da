/** Where frames go that could not be stored as they should: the pixels as they are, and why, in `quarantine/`. */
import { join } from "node:path";
import type { FrameHeader } from "../../../model/frame-header.js";
import { makeFoldersIn } from "../../folders.js";
import { hex } from "../../image-folder/hex.js";
import { NameTaken, writeNewFile } from "../../image-folder/write-new-file.js";
import { entryOf } from "./journal-entry.js";

export const quarantineName = "quarantine";
/** A frame may come here again in a resumed run; its earlier files stay. */
const mostTimes = 100;

export interface QuarantinedFrame {
  readonly header: FrameHeader;
  /** File the frame was to become, without its extension. */
  readonly stem: string;
  readonly pixels: Uint8Array;
  readonly crc32: number;
  readonly reason: string;
  readonly attempts: number;
}

/** Writes `stem.raw` (little-endian pixels, no padding) and `stem.json`; returns the first one's path in `folder`. */
export function quarantine(folder: string, frame: QuarantinedFrame): string {
  const { header, pixels, reason, attempts } = frame;
  const place = join(folder, quarantineName);
  makeFoldersIn(folder, quarantineName);
  for (let time = 1; ; time++) {
    const stem = time === 1 ? frame.stem : `${frame.stem}_${time}`;
    const file = `${stem}.raw`;
    const about = {
      reason,
      attempts,
      pixelFormat: header.pixelFormat,
      height: header.height,
      width: header.width,
      byteOrder: "little-endian",
      ...entryOf(header, {
        file,
        bytes: pixels.length,
        rawBytes: pixels.length,
        crc32: hex(frame.crc32),
        isVerified: false,
      }),
    };
    try {
      writeNewFile(place, file, [pixels]);
      writeNewFile(place, `${stem}.json`, [Buffer.from(`${JSON.stringify(about, null, 2)}\n`)]);
      return `${quarantineName}/${file}`;
    } catch (error) {
      if (!(error instanceof NameTaken) || time === mostTimes) throw error;
    }
  }
}
