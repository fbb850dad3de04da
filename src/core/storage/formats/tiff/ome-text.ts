/**
 * The OME-XML of a file that is being written. The first page's description has room for SizeT, which is patched after
 * every frame, so that it is right for what is there at any moment; the capture times of the frames are known at the end
 * only, when the whole text is appended and takes the place of the first.
 */

import type { TiffEnd } from "../../../imaging/tiff/end-mark.js";
import { tag } from "../../../imaging/tiff/tags.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { firstPageJson, type PageFrame, software } from "./describe-page.js";
import type { DirectoryBytes } from "./directory-bytes.js";
import { type OmeImage, omeXml, sizeField } from "./ome-xml.js";
import type { PageChain } from "./page-chain.js";

/** Frames whose times are kept for the XML, so that memory stays flat; those beyond have their page's description. */
const mostTimes = 100_000;

export interface OmeText {
  /** Bytes of the first text, with its closing NUL. */
  readonly beganWith: number;
  /** The description to write in front of the first page. */
  begin(frame: PageFrame): Uint8Array;
  /** Counts a page that is in the chain: SizeT is patched. Throws and has counted nothing when the disk refuses. */
  linked(chain: PageChain, capturedAtNs: bigint, directory: DirectoryBytes): void;
  /** Writes the description with all times, and how the run ended; null when it failed. */
  finish(chain: PageChain, end: TiffEnd | null): void;
}

export function createOmeText(descriptor: StreamDescriptor, name: string, journal?: string): OmeText {
  let image: OmeImage | undefined;
  let firstFrame: PageFrame | undefined;
  let first = new Uint8Array(0);
  let sizeAt = 0;
  let countAt = 0;
  let frames = 0;
  let times = new BigInt64Array(1024);
  const bytesOf = (text: string) => new TextEncoder().encode(`${text}\0`);

  return {
    get beganWith() {
      return first.length;
    },
    begin(frame) {
      image = {
        descriptor,
        name,
        creator: software(descriptor),
        firstAtNs: frame.header.capturedAtNs,
        comment: firstPageJson(frame, descriptor, null, journal),
      };
      firstFrame = { ...frame, header: copyOf(frame.header) };
      const text = omeXml(image, 1);
      first = bytesOf(text);
      sizeAt = text.indexOf(sizeField(1));
      return first;
    },
    linked(chain, capturedAtNs, directory) {
      if (frames === 0) {
        countAt = directory.countAt(tag.imageDescription);
        // The text stands right behind the header, where its page begins.
        sizeAt += chain.isBig ? 16 : 8;
      } else chain.write(new TextEncoder().encode(sizeField(frames + 1)), sizeAt);
      if (frames < mostTimes) {
        if (frames === times.length) {
          const longer = new BigInt64Array(Math.min(mostTimes, times.length * 2));
          longer.set(times);
          times = longer;
        }
        times[frames] = capturedAtNs;
      }
      frames++;
    },
    finish(chain, end) {
      if (!image || !firstFrame || frames === 0) return;
      const comment = firstPageJson(firstFrame, descriptor, end, journal);
      const known = omeXml({ ...image, comment }, frames, (t) => (t < mostTimes ? times[t]! : 0n));
      chain.replaceText(countAt, bytesOf(known));
    },
  };
}

/** The slot that a header lies in is used again. */
function copyOf(header: FrameHeader): FrameHeader {
  const copy = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  copy.copyFrom(header);
  return copy;
}
