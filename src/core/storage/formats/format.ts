/**
 * What a format declares: one folder, one declaration, one line in the registry. Everything that works on bytes is a module
 * of the folder, loaded when a file needs it.
 */
import type { MoteError, Problem } from "../../errors.js";
import type { ImageFile } from "../../imaging/image-file.js";
import type { FrameShape, StreamDescriptor } from "../../model/descriptor.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import type { Replaceable } from "../claim/replaceable.js";
import type { FrameStore, StoreRequest, StoreSettings } from "../frame-store.js";
import type { Recover } from "../recover/recovery.js";
import type { Verify } from "../verify/verification.js";

/** What a path looks like before it is opened as anything. */
export interface Appearance {
  readonly path: string;
  readonly isFolder: boolean;
  /** Lower case, with its dot; ".ome.tif" is one. */
  readonly extension: string;
  /** The first 16 bytes of a file, fewer of a shorter one; none of a folder. */
  readonly head: Uint8Array;
}

export interface Container {
  /** What it is, for the documentation. */
  readonly summary: string;
  /** Keeps pixels; one that does not asks for detections. */
  readonly keepsFrames: boolean;
  /** Keeps pixels only: a stream without them has nothing for it. */
  readonly keepsFramesOnly?: boolean;
  /** Is nothing without pixels, but keeps detections beside them. */
  readonly needsFrames?: boolean;
  /** Can be written from front to back, as to stdout: its store writes to `request.sink` where there is one. */
  readonly stream?: {
    /** What --to calls it. */
    readonly name: string;
    /** May go to a terminal. */
    readonly isText: boolean;
  };
  /** Is a folder with files of its own, whether or not its name ends in /. */
  readonly isFolder?: boolean;
  /** What speaks against such settings for such a stream. */
  misfit?(where: string, settings: StoreSettings, input: StreamDescriptor): MoteError | undefined;
  /** What its files are for the owner of names; absent: one file of that name. */
  kind?(settings: StoreSettings | undefined): Promise<Replaceable>;
  /** Present where it is a folder: what speaks against writing there, looked at before anything is opened. */
  folderProblem?(request: Pick<StoreRequest, "path" | "where" | "settings">): Promise<Problem | undefined>;
  /** Loads the container's module, and only then its libraries. */
  load(): Promise<(request: StoreRequest) => FrameStore | Promise<FrameStore>>;
}

/** What a headerless file does not say. */
export interface RawLayout {
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
}

export interface ImageFormat {
  /** Opens a file and reads its headers; throws a FormatProblem, or the system's error. The caller closes it. */
  open(path: string, layout?: RawLayout, dataset?: string): Promise<ImageFile>;
}

/** How files of a format are replayed. */
export interface Replay {
  /** Lower case, with their dots. */
  readonly extensions: readonly string[];
  /** A file has datasets to choose from. */
  readonly hasDatasets?: boolean;
  /** Whether a folder is one recording of this format, whatever it is called. */
  isFolder?(path: string): boolean;
  load(): Promise<ImageFormat>;
}

export interface Format {
  /** In reports: "frame stream". */
  readonly name: string;
  /** By its name: the first format that answers true has the file, however damaged it is. */
  isNamed(file: Appearance): boolean;
  /** By its content, asked when no format knows the name. */
  isContained(file: Appearance): boolean;
  /** What can be archived as it, by extension. */
  readonly containers?: Readonly<Record<string, Container>>;
  /** What a name that ends in / and has no container's extension stands for. */
  readonly folder?: Container;
  /** Absent where it holds no pixels. */
  readonly replay?: Replay;
  /** The files that a name of which nothing has the name itself stands for, as those of a split recording; empty: none. */
  parts?(path: string): Promise<readonly string[]>;
  /** Loads the verifier. */
  verify(): Promise<Verify>;
  /** Where the locks of those who write it are; absent: beside the path itself. */
  locked?(path: string): readonly string[];
  /** Loads the salvager; absent where there is nothing to do beyond verifying. */
  recover?(): Promise<Recover>;
}

/** Whether a file begins, `at` bytes behind its start, with these. */
export function startsWith(head: Uint8Array, bytes: readonly number[], at = 0): boolean {
  return bytes.every((byte, i) => head[at + i] === byte);
}
