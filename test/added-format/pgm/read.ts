import { EndsEarly, FormatProblem } from "../../../src/core/format-problem.js";
import type { ByteSource } from "../../../src/core/imaging/byte-source.js";
import { unknownPlace } from "../../../src/core/imaging/image-file.js";
import type { ImageFormat } from "../../../src/core/storage/formats/format.js";
import { closeOnFailure } from "../../../src/core/storage/read/close-on-failure.js";
import { openFileSource } from "../../../src/core/storage/read/file-source.js";

const longestHeader = 100;

export interface PgmImage {
  readonly shape: { readonly height: number; readonly width: number };
  readonly isWide: boolean;
  readonly pixelsAt: number;
  readonly end: number;
}

/** The images of a file, one after the other; a FormatProblem where one is none or ends early. */
export function* pgmImages(source: ByteSource): Generator<PgmImage> {
  for (let at = 0; at < source.sizeBytes; ) {
    const head = new Uint8Array(Math.min(longestHeader, source.sizeBytes - at));
    source.readInto(head, at);
    const found = /^P5\n(?:#.*\n)?(\d{1,5}) (\d{1,5})\n(255|65535)\n/.exec(Buffer.from(head).toString("latin1"));
    if (!found) throw new FormatProblem("file-damaged", "expected the header of an image", at);
    const [text, width, height, largest] = found;
    const shape = { height: Number(height), width: Number(width) };
    const isWide = largest === "65535";
    const pixelsAt = at + text.length;
    const end = pixelsAt + shape.height * shape.width * (isWide ? 2 : 1);
    if (end > source.sizeBytes) throw new EndsEarly("the file ends within an image", at);
    yield { shape, isWide, pixelsAt, end };
    at = end;
  }
}

export const pgmFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => {
      const images = [...pgmImages(source)];
      const first = images[0];
      if (!first) throw new FormatProblem("nothing-in-it", "the file is empty");
      const { shape, isWide } = first;
      return {
        facts: {
          shape,
          pixelFormat: isWide ? "uint16" : "uint8",
          bitDepth: isWide ? 16 : 8,
          frameCount: images.length,
          pixelSizeUm: null,
          rateHz: null,
          metadata: { format: "pgm" },
        },
        readFrame(index, pixels, region) {
          const bytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
          const rowBytes = bytes.length / region.height;
          const [lineBytes, left] = [shape.width, region.x].map((samples) => samples * (isWide ? 2 : 1)) as [
            number,
            number,
          ];
          for (let row = 0; row < region.height; row++) {
            const at = images[index]!.pixelsAt + (region.y + row) * lineBytes + left;
            source.readInto(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), at);
          }
          if (isWide) bytes.swap16();
          return unknownPlace;
        },
        close: () => source.close(),
      };
    });
  },
};
