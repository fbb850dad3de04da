/** The pages of a TIFF that may be damaged or cut: along the chain of directories as far as it goes, and beyond it by search. */
import { EndsEarly, FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import { type Directory, TiffReader, typeBytes } from "../../../imaging/tiff/directory.js";
import { isSecondary, readChunkTable, readPage, type TiffPage } from "../../../imaging/tiff/page.js";

export interface Fault {
  readonly what: string;
  readonly byte: number | null;
  /** True when the file ends too early for it, and nothing speaks of damage. */
  readonly isCut: boolean;
}

export interface SurveyedPage {
  readonly offset: number;
  /** Undefined when the directory cannot be understood. */
  readonly page: TiffPage | undefined;
  readonly fault: Fault | undefined;
}

export interface Survey {
  readonly reader: TiffReader;
  /** Pages of the chain in its order, thumbnails left out. */
  readonly pages: readonly SurveyedPage[];
  /** Why the chain ends before it should; undefined when it ends in order. */
  readonly chainFault: Fault | undefined;
  /** First byte behind everything that a page of the chain speaks of. */
  readonly extentBytes: number;
}

/** Follows the chain from the header on; throws a FormatProblem when the header is none. */
export function surveyChain(source: ByteSource): Survey {
  const reader = new TiffReader(source);
  const pages: SurveyedPage[] = [];
  const seen = new Set<number>();
  let extentBytes = reader.isBig ? 16 : 8;
  let chainFault: Fault | undefined;
  for (let offset = reader.firstDirectory; offset !== 0; ) {
    if (seen.has(offset)) {
      chainFault = { what: "the chain of directories runs in a circle", byte: offset, isCut: false };
      break;
    }
    seen.add(offset);
    let directory: Directory;
    try {
      directory = reader.directory(offset);
    } catch (error) {
      chainFault = faultOf(error, source.sizeBytes);
      break;
    }
    const surveyed = surveyPage(reader, directory);
    if (surveyed) {
      pages.push(surveyed);
      extentBytes = Math.max(extentBytes, extentOf(reader, directory, surveyed.page));
    }
    offset = directory.nextOffset;
  }
  return { reader, pages, chainFault, extentBytes };
}

/** A directory as a page with its strips inside the file; undefined for a thumbnail or mask. */
export function surveyPage(reader: TiffReader, directory: Directory): SurveyedPage | undefined {
  const { offset } = directory;
  try {
    if (isSecondary(reader, directory)) return undefined;
    const page = readPage(reader, directory);
    try {
      readChunkTable(reader, page);
      return { offset, page, fault: undefined };
    } catch (error) {
      return { offset, page, fault: faultOf(error, reader.source.sizeBytes) };
    }
  } catch (error) {
    return { offset, page: undefined, fault: faultOf(error, reader.source.sizeBytes) };
  }
}

/** A problem of the format as a fault; others are thrown on. */
export function faultOf(error: unknown, sizeBytes: number): Fault {
  if (!(error instanceof FormatProblem)) throw error;
  // Offsets that no file of this kind would have come from damage, not from a cut.
  const isFar = error.byte !== undefined && error.byte > 4 * sizeBytes + 1e9;
  return { what: error.message, byte: error.byte ?? null, isCut: error instanceof EndsEarly && !isFar };
}

/** First byte behind a directory, its values and its strips. */
function extentOf(reader: TiffReader, directory: Directory, page: TiffPage | undefined): number {
  const { entries, offset } = directory;
  let end = offset + (reader.isBig ? 16 + entries.size * 20 : 6 + entries.size * 12);
  for (const entry of entries.values()) {
    end = Math.max(end, entry.valueOffset + (typeBytes[entry.type] ?? 0) * entry.count);
  }
  if (!page) return end;
  try {
    const { offsets, byteCounts } = readChunkTable(reader, page);
    for (const [chunk, at] of offsets.entries()) end = Math.max(end, at + byteCounts[chunk]!);
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
  }
  return end;
}

const searchBytes = 1 << 20;

/**
 * Directories that no chain leads to, by the look of their first field: NewSubfileType or ImageWidth, one value. Ascending
 * offsets; each still has to prove that it is a page.
 */
export function* searchDirectories(source: ByteSource, reader: TiffReader): Generator<Directory> {
  const patterns = firstFields(reader);
  const before = reader.isBig ? 8 : 2;
  const overlap = 16;
  const piece = Buffer.alloc(Math.min(source.sizeBytes, searchBytes));
  for (let from = 0; from < source.sizeBytes; from += searchBytes - overlap) {
    const part = piece.subarray(0, Math.min(piece.length, source.sizeBytes - from));
    source.readInto(part, from);
    const hits = patterns.flatMap((pattern) => {
      const found: number[] = [];
      for (let hit = part.indexOf(pattern); hit >= 0; hit = part.indexOf(pattern, hit + 1)) found.push(hit);
      return found;
    });
    for (const hit of hits.sort((a, b) => a - b)) {
      const at = from + hit - before;
      if (at < 8 || hit >= searchBytes - overlap) continue;
      try {
        yield reader.directory(at);
      } catch (error) {
        if (!(error instanceof FormatProblem)) throw error;
      }
    }
    if (part.length < searchBytes) return;
  }
}

/** The bytes of a first field with one value: tag 254 or 256, type SHORT or LONG, count 1. */
function firstFields({ isLittleEndian, isBig }: TiffReader): Buffer[] {
  return [254, 256].flatMap((number) =>
    [3, 4].map((type) => {
      const bytes = Buffer.alloc(isBig ? 12 : 8);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      view.setUint16(0, number, isLittleEndian);
      view.setUint16(2, type, isLittleEndian);
      if (isBig) view.setBigUint64(4, 1n, isLittleEndian);
      else view.setUint32(4, 1, isLittleEndian);
      return bytes;
    }),
  );
}

/**
 * The file with another header: for one whose own is damaged. Tries the kinds of TIFF until one has directories; the
 * first of them becomes the first of the chain. Undefined when none has.
 */
export function withHeader(source: ByteSource): ByteSource | undefined {
  const kinds = [
    [0x49, 0x49, 43, 0, 8, 0, 0, 0],
    [0x49, 0x49, 42, 0],
    [0x4d, 0x4d, 0, 43, 0, 8, 0, 0],
    [0x4d, 0x4d, 0, 42],
  ];
  if (source.sizeBytes < 16) return undefined;
  for (const kind of kinds) {
    const header = Buffer.alloc(kind.length === 8 ? 16 : 8);
    header.set(kind);
    setFirst(header, 8);
    const reader = new TiffReader(overlaid(source, header));
    for (const directory of searchDirectories(source, reader)) {
      if (!surveyPage(reader, directory)?.page) continue;
      setFirst(header, directory.offset);
      return overlaid(source, header);
    }
  }
  return undefined;
}

function setFirst(header: Buffer, offset: number): void {
  const isLittleEndian = header[0] === 0x49;
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length === 16) view.setBigUint64(8, BigInt(offset), isLittleEndian);
  else view.setUint32(4, offset, isLittleEndian);
}

/** A source whose first bytes are others. */
function overlaid(source: ByteSource, first: Uint8Array): ByteSource {
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    readInto(target, offset) {
      source.readInto(target, offset);
      if (offset < first.length) target.set(first.subarray(offset, offset + target.length));
    },
  };
}
