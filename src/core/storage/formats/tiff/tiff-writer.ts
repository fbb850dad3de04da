/** A TIFF or OME-TIFF on an open file: page after page, the first one with the description of the stream. */
import { endMember, type TiffEnd } from "../../../imaging/tiff/end-mark.js";
import { tag } from "../../../imaging/tiff/tags.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { firstPageJson, type PageFrame, pageJson } from "./describe-page.js";
import type { DirectoryBytes, Field } from "./directory-bytes.js";
import { createOmeText } from "./ome-text.js";
import { mostClassicBytes, PageChain } from "./page-chain.js";
import { pageFields } from "./page-fields.js";
import type { StripLayout } from "./strip-layout.js";
import type { TiffDateTime } from "./tiff-options.js";

/** Room for a page's directory and texts, and for the first page's or the OME-XML's, which hold the stream's description. */
const pageOverheadBytes = 4096;
const fileOverheadBytes = 4 * 1024 * 1024;

export interface TiffPlan {
  readonly descriptor: StreamDescriptor;
  readonly layout: StripLayout;
  readonly isBig: boolean;
  /** The image's name in OME-XML; null for a plain TIFF. */
  readonly omeName: string | null;
  /** Of a file in a folder of them: the journal that speaks of its run. */
  readonly journal?: string;
  /** Absent: as the specification has it. */
  readonly dateTime?: TiffDateTime | undefined;
}

export interface TiffWriter {
  readonly pages: number;
  /** False when the next page might not fit into a classic TIFF. */
  readonly hasRoom: boolean;
  /** All of a page, or an error and the file as before. */
  append(frame: PageFrame, strips: readonly Uint8Array[]): void;
  /** What can be said only at the end, every page is whole before: how the run ended. Null: it failed, and has no end. */
  finish(end: EndOfStream | null): void;
  /** Waits until the disk has everything. */
  sync(): void;
}

/** Writes the header of a file that is empty. */
export function createTiffWriter(
  fd: number,
  { descriptor, layout, isBig, omeName, journal, dateTime }: TiffPlan,
): TiffWriter {
  const chain = new PageChain(fd, isBig);
  const ome = omeName === null ? undefined : createOmeText(descriptor, omeName, journal);
  const mostPageBytes = mostBytesOfPage(layout);
  let pages = 0;
  let endAt = 0;

  function describe(frame: PageFrame, leadAt: number): Field {
    if (pages > 0) return { tag: tag.imageDescription, type: "text", text: pageJson(frame) };
    if (ome) return { tag: tag.imageDescription, type: "textAt", offset: leadAt, length: ome.beganWith };
    return { tag: tag.imageDescription, type: "text", text: firstPageJson(frame, descriptor, null, journal) };
  }

  /** Where the end of the stream goes: last in the description of the first page. */
  function findEnd(frame: PageFrame, directory: DirectoryBytes): void {
    const text = firstPageJson(frame, descriptor, null, journal);
    endAt = directory.valueAt(tag.imageDescription) + text.lastIndexOf(endMember(null));
  }

  return {
    get pages() {
      return pages;
    },
    get hasRoom() {
      return isBig || chain.end + mostPageBytes <= mostClassicBytes;
    },
    append(frame, strips) {
      const { header } = frame;
      chain.append({
        lead: pages === 0 ? ome?.begin(frame) : undefined,
        strips,
        describe: (placed, leadAt) => pageFields(descriptor, layout, header, placed, describe(frame, leadAt), dateTime),
        linked: (directory) => {
          if (ome) ome.linked(chain, header.capturedAtNs, directory);
          else if (pages === 0) findEnd(frame, directory);
        },
      });
      pages++;
    },
    finish(end) {
      if (pages === 0) return;
      const told = end && tiffEndOf(end, pages);
      if (ome) ome.finish(chain, told);
      else if (told) chain.write(new TextEncoder().encode(endMember(told)), endAt);
    },
    sync: () => chain.sync(),
  };
}

/** What is kept of a stream's end: in the first page of a stack, in the journal of a folder. */
export function tiffEndOf(end: EndOfStream, frames: number): TiffEnd {
  const { isComplete, lost, notStored = 0 } = end;
  return { frames, isComplete, isCut: lossOfEnd(end).isCut, lost, notStored };
}

function mostBytesOfPage({ count, mostBytes }: StripLayout): number {
  return count * (mostBytes + 20) + pageOverheadBytes;
}

/** BigTIFF when the frames may need more than 4 GB, or their number is unknown. */
export function needsBigTiff(frameCount: number | null, layout: StripLayout): boolean {
  return frameCount === null || frameCount * mostBytesOfPage(layout) + fileOverheadBytes > mostClassicBytes;
}

/** The name OME-XML gives the image of this file; null for a plain TIFF. */
export function omeNameOf(name: string): string | null {
  return /\.ome\.tiff?$/i.test(name) ? name : null;
}
