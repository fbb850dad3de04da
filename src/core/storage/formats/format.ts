/**
 * What a format declares: one folder, one declaration, one line in the registry. Everything that works on bytes is a module
 * of the folder, loaded when a file needs it.
 */
import type { ParameterFault, Problem } from "../../errors.js";
import type { ImageFile } from "../../imaging/image-file.js";
import type { FrameShape, StreamDescriptor } from "../../model/descriptor.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import type { OptionSpecs, OptionsOf } from "../../option/option.js";
import type { Replaceable } from "../claim/replaceable.js";
import type { FrameStore, StoreRequest, StoreSettings } from "../frame-store.js";
import type { Inspector } from "../inspect/inspection.js";
import type { Recover } from "../recover/recovery.js";
import type { BytePieces } from "../table/byte-pieces.js";
import type { Table } from "../table/open-table.js";
import type { Verify } from "../verify/verification.js";
import type { Compression } from "./compression.js";

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
  /** Keeps one kind of row: detections of a stream that has them, else frames. */
  readonly isEither?: boolean;
  /** Keeps pixels only: a stream without them has nothing for it. */
  readonly keepsFramesOnly?: boolean;
  /** Why it is durable only once it is closed, where it is; absent: its store can be synced while it grows. */
  closedOnly?(settings: StoreSettings | undefined): string | undefined;
  /** Keeps notes that were made of the run beside frame and time; of one that does not the user is told. */
  readonly keepsNotes?: boolean;
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
  /** Load what can be chosen of it; containers that share options have the same loader. */
  readonly choices?: readonly LoadChoices[];
  /** What its files are for the owner of names; absent: one file of that name. */
  kind?(settings: StoreSettings | undefined): Promise<Replaceable>;
  /** What its files are called under --root, in front of the run's number; absent: as all that keep what it keeps. */
  readonly rootStem?: string;
  /** Where the names of its files have the run's number in them: the settings of that run. */
  numbered?(settings: StoreSettings, run: number): StoreSettings;
  /** Present where it is a folder: what speaks against writing there, looked at before anything is opened. */
  folderProblem?(request: Pick<StoreRequest, "path" | "where" | "settings">): Promise<Problem | undefined>;
  /** Loads the container's module, and only then its libraries. */
  load(): Promise<(request: StoreRequest) => FrameStore | Promise<FrameStore>>;
}

/** Whether the pixels of such a stream have a place in the container. */
export function keepsPixels(
  { keepsFrames, isEither }: Container,
  { hasFrames, detections }: Pick<StreamDescriptor, "hasFrames" | "detections">,
): boolean {
  return keepsFrames && hasFrames && !(isEither && detections !== null);
}

/** What was asked for beside the options of a container: what these may depend on. */
export interface Asked {
  /** The --out that the options are for; kinds under --root. Empty: none is. */
  readonly out: readonly string[];
  readonly root: string | undefined;
  /** Day on which the run starts, local time, as 2026-11-20. */
  readonly date: string;
  readonly input: StreamDescriptor;
  /** Whether the user gave an option himself: values of a preset may find nothing that they are for. */
  isGiven(option: string): boolean;
}

/** What can be chosen of a container: its options, what they come to, and what is wrong with them. */
export interface Choices<Specs extends OptionSpecs = OptionSpecs> {
  /** The key of what they come to, in the settings that its store gets. */
  readonly key: string;
  /** Their heading in help. */
  readonly heading: string;
  /** The --out they are for, in a complaint that there is none: "an .h5". */
  readonly noun: string;
  /** How to get one, a sentence; absent: add one. */
  howToGet?(isRooted: boolean): string;
  readonly options: Specs;
  /** Plain JSON, as it crosses threads. */
  settings(values: OptionsOf<Specs>, asked: Asked): object;
  /** Of options that are for something that is written: what the rules between them (`only`) do not say. */
  faults?(values: OptionsOf<Specs>, asked: Asked): readonly ParameterFault[];
  /** The options of fields that are called otherwise in faults. */
  readonly optionOf?: { readonly [field: string]: keyof Specs & string };
}

export type LoadChoices = () => Promise<Choices>;

/** Checks a declaration's types and forgets them, so that all fit one table. */
export function defineChoices<Specs extends OptionSpecs>(choices: Choices<Specs>): Choices {
  return choices as unknown as Choices;
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

/** Tables of a format that are no text, as `link` reads and writes them. */
export interface Tables {
  /** Lower case, with their dots: names of those that are to be written. */
  readonly extensions: readonly string[];
  /** Loads what opens one; asked of what its content says is of this format. */
  open(): Promise<(where: string, pieces: BytePieces) => Promise<Table>>;
  /** Loads what makes one that is named so of a table that stands in a file as text; absent: it is not written. */
  ofText?(extension: string): Promise<(where: string, path: string) => AsyncIterable<Uint8Array>>;
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
  /** Absent where its tables are text, or it has none. */
  readonly tables?: Tables;
  /** Present where `compress` writes frames as it. */
  compression?(): Promise<Compression>;
  /** The files that a name of which nothing has the name itself stands for, as those of a split recording; empty: none. */
  parts?(path: string): Promise<readonly string[]>;
  /** Loads what `mote inspect` asks; absent: what is replayed is inspected as images. */
  inspect?(): Promise<Inspector>;
  /** Its library may not come back from damaged bytes: `inspect` reads it in a thread that can be ended. */
  readonly isConfined?: boolean;
  /** Loads the verifier. */
  verify(): Promise<Verify>;
  /** Where the locks of those who write it are; absent: beside the path itself. */
  locked?(path: string): readonly string[];
  /** Of a name that stands for a folder it is in: that of a recovery, without its ending. Undefined: any other name. */
  recoveredStem?(path: string): string | undefined;
  /** Loads the salvager; absent where there is nothing to do beyond verifying. */
  recover?(): Promise<Recover>;
}

/** Whether a file begins, `at` bytes behind its start, with these. */
export function startsWith(head: Uint8Array, bytes: readonly number[], at = 0): boolean {
  return bytes.every((byte, i) => head[at + i] === byte);
}
