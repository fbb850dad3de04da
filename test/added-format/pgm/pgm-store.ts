import { codeOf, failure, reason } from "../../../src/core/errors.js";
import { beginPieces } from "../../../src/core/storage/append-file.js";
import type { FrameStore, StoreRequest } from "../../../src/core/storage/frame-store.js";
import type { PgmSettings } from "./pgm-options.js";

export function openPgmStore(request: StoreRequest): FrameStore {
  const { where, descriptor } = request;
  const { hasNumbers } = (request.settings?.pgm as PgmSettings | undefined) ?? { hasNumbers: true };
  const { height, width } = descriptor.shape;
  const isWide = descriptor.pixelFormat === "uint16";
  const file = beginPieces(request, new Uint8Array(0));
  let frames = 0;

  return {
    get frames() {
      return frames;
    },
    rows: 0,
    append({ header, pixelBytes }) {
      const comment = hasNumbers ? `# ${header.frameNumber}\n` : "";
      const image = Buffer.concat([
        Buffer.from(`P5\n${comment}${width} ${height}\n${isWide ? 65535 : 255}\n`),
        pixelBytes,
      ]);
      // Samples of two bytes stand most significant first.
      if (isWide) image.subarray(image.length - pixelBytes.length).swap16();
      try {
        file.append(image);
      } catch (error) {
        throw failure(codeOf(error), where, `frame ${frames} was not written: ${reason(error)}`, undefined, error);
      }
      frames++;
    },
    event() {},
    close(end) {
      if (end === null && frames === 0) return file.remove();
      file.sync();
      file.close();
    },
  };
}
