/**
 * What a format declares that `compress` writes frames as: a file a frame, coded by several threads and stored in order. The
 * stage has the workers, the disk and the report; the format its files, their names and their coding.
 */
import type { Problem } from "../../errors.js";
import type { Frame } from "../../memory/frame.js";
import type { Product } from "../../memory/products.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import type { EndOfStream } from "../../model/run-report.js";
import type { OptionSpecs, OptionsOf } from "../../option/option.js";
import type { EpochNs } from "../../time.js";
import type { DiskPlan } from "../disk/disk-options.js";
import type { SyncPlan } from "../sync/sync-plan.js";

/** What is planned, with what the format's own options came to beside it; plain JSON. */
export interface CompressPlan {
  /** Every n-th frame is decoded again and compared; 0: none. */
  readonly verifyEvery: number;
  readonly deleteSource: boolean;
  readonly disk: DiskPlan;
  readonly sync: SyncPlan;
}

export interface Compression<Specs extends OptionSpecs = OptionSpecs> {
  /** Its own, beside those of the stage. */
  readonly options: Specs;
  /** Looks at the world, as for programs that have to be there. */
  look(values: OptionsOf<Specs>): Promise<object>;
  /** What such a stream and such options cannot have. */
  problems(values: OptionsOf<Specs>, input: StreamDescriptor, seen: object): readonly Problem[];
  settings(values: OptionsOf<Specs>): object;
  /** Loads what works on bytes. */
  load(): Promise<Compressor>;
}

/** Checks a declaration's types and forgets them. */
export function defineCompression<Specs extends OptionSpecs>(compression: Compression<Specs>): Compression {
  return compression as unknown as Compression;
}

export interface Compressor {
  /** What speaks against the place, looked at before anything is made there. */
  check(plan: CompressPlan, input: StreamDescriptor): readonly Problem[];
  /** Opens the place: the serial part. */
  open(plan: CompressPlan, run: CompressRun): CompressedFolder;
  /** Opens a coder, in each thread that codes. */
  openCoder(plan: CompressPlan, run: Pick<CompressRun, "descriptor" | "startedAtNs">): Promise<FrameCoder>;
}

export interface CompressRun {
  readonly descriptor: StreamDescriptor;
  readonly startedAtNs: EpochNs;
  warn(text: string): void;
  /** Asked after a disk without room refused a frame: true when it shall be tried again. */
  mayTryAgain(error: unknown): boolean;
}

export interface FrameCoder {
  /** Codes a frame into the memory that was asked for beside it; one that cannot be coded here is left to the serial part. */
  code(frame: Frame, product: Product | undefined): void;
}

export interface CompressedFolder {
  readonly folder: string;
  /** What the first file is called, inside the folder. */
  readonly firstName: string;
  /** Folder and name were found by the day and its runs, and are news. */
  readonly isNamedByRoot: boolean;
  /** Stores a frame, which a coder may have coded; "quarantined" when it could not be stored as it should. */
  store(frame: Frame, product?: Product): Promise<"stored" | "quarantined">;
  /** A frame that was not given to `store`, for want of room. */
  miss(): void;
  /** Makes what was stored durable: its files are synced one by one, their names here. Throws what the disk says. */
  sync(): void;
  event(event: StreamEvent): void;
  end(end: EndOfStream): void;
  readonly counts: FolderCounts;
  /** Files that the frames came from, deleted and kept. */
  readonly sources: { readonly deleted: number; readonly kept: number };
  close(): void;
}

export interface FolderCounts {
  readonly stored: number;
  readonly resumed: number;
  readonly verified: number;
  readonly quarantined: number;
  readonly rawBytes: number;
  readonly bytes: number;
}
