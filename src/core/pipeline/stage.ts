/**
 * A stage is one declaration: its command, help, validation, run-file schema and reference page are computed from it.
 * A stage never knows stdin, argv, its thread, its neighbours, wall time or metrics; what it needs is handed to it.
 */
import type { Problem } from "../errors.js";
import type { ConnectContext, Connection, Holder } from "../held.js";
import type { Ending } from "../memory/branches.js";
import type { Frame } from "../memory/frame.js";
import type { Product } from "../memory/products.js";
import type { SlotGeometry } from "../memory/slot-layout.js";
import type { Team } from "../memory/team.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { StreamEvent } from "../model/event.js";
import type { JsonObject } from "../model/json.js";
import type { EndOfStream } from "../model/run-report.js";
import type { Settlement } from "../model/settlement.js";
import type { UsedFiles } from "../model/used-files.js";
import type { RawOptions } from "../option/decode-options.js";
import type { OptionSpecs, OptionsOf } from "../option/option.js";
import type { FileFacts, lookAtFiles } from "../storage/read/look-at-files.js";
import type { EpochNs, MonotonicMs } from "../time.js";

type Awaitable<Value> = Value | Promise<Value>;
export type Role = "source" | "transform" | "sink";

export interface Example {
  /** What follows `mote ` in a shell, run by the tests in the repository's root. */
  readonly cmd: string;
  /** What it shows, a sentence. */
  readonly shows: string;
}

/** What a stage asks of the pool and the threads. */
export interface StageNeeds {
  /** Rows that the table of detections has room for which the stage makes of every frame; left out by one that makes none. */
  readonly detectionRows?: number;
  /** Worker threads that run `openMapper`'s map, in parallel, the results in order; 0 without a mapper. */
  readonly mappers?: number;
  /** Scratch bytes of each mapper in the shared memory. */
  readonly mapperScratchBytes?: number;
  /**
   * When given, the mappers work on every frame together, as a team, one frame after the other, and share so many scratch
   * bytes besides their own; otherwise each has frames of its own.
   */
  readonly teamScratchBytes?: number;
  /** Room for what a mapper hands to the serial part beside the frame, as encoded pixels; 0 when it hands on nothing. */
  readonly productBytes?: number;
  /** The stage writes into the pixels of frames: in its mappers, where it has some, else in `push`. */
  readonly changesPixels?: boolean;
  /** The stage stores or sends the pixels or compares them, so every frame carries their checksum from the source on. */
  readonly pixelChecksums?: boolean;
  /** Frames the stage keeps back (push returned "held"), or takes together beside the first, at most. */
  readonly heldFrames?: number;
  /** The same for a source or a serial part that runs kernels itself. */
  readonly scratchBytes?: number;
}

export interface Negotiated<Plan extends object> {
  /** What the stage passes on; a sink returns its input. */
  readonly output: StreamDescriptor;
  /** Everything `open` needs, as plain JSON: it crosses threads. */
  readonly plan: Plan;
  readonly needs?: StageNeeds;
  /** Of a source: it has to hear what became of each of its frames, and so the run has to keep them. */
  readonly settles?: boolean;
  /** Of a sink: it keeps the frames' pixels, and says by `context.stored` which are on the disk. */
  readonly keepsFrames?: boolean;
  /** Sentences for the user, said as warnings when the stage is about to be opened. */
  readonly notes?: readonly string[];
}

/** The world as a look may see it. */
export interface World {
  /** How it looks into files that somebody else made. */
  readonly lookAtFiles: LookAtFiles;
  /**
   * Where it enters what it had to open and cannot open again, as a pipe whose first message it read; `connect` takes that
   * over. Nothing else stays open after a look.
   */
  readonly holder: Holder;
}

/** The world as a stage may see it while it runs. */
export interface StageContext<Data = unknown> {
  /** What the stage's connection has for its threads; undefined without one. */
  readonly connection: Data;
  readonly memory: WebAssembly.Memory;
  /** Byte offset of this thread's scratch in `memory`. */
  readonly scratchOffset: number;
  /** The mappers this one works with on every frame, and where the scratch of all begins; null where it works alone. */
  readonly team: { readonly team: Team; readonly scratchOffset: number } | null;
  /** What arrives; for a source the same as `output`. */
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  readonly clock: Clock;
  /** Room for detections in every slot, for who writes or reads slots as they stand. */
  readonly geometry: SlotGeometry;
  /** True after the first interrupt: a source ends as soon as it can. */
  isDraining(): boolean;
  /** True when a source shall end at once, even one whose upstream would have more to say: nobody reads any more. */
  isStopped(): boolean;
  /** True after the run failed or was interrupted twice: nothing needs to be finished. */
  isAborted(): boolean;
  /** Whether something more recent than what the stage has in hand waits for it. */
  isNextWaiting(): boolean;
  /** Tells, while a source waits for a frame or a sink hands one on, that a part of it came or went: it is not stuck. */
  moved(): void;
  /**
   * Counts frames as lost for a reason: such as came and are not passed on, or such as had gone out and turn out to be. Of a
   * source "in" is what it knows to be lost, beyond what its events tell of.
   */
  countLost(frames: number, reason: string, of: "in" | "out"): void;
  /** Passes an event downstream, in order with the frames; `from` "before": a process before this one had told it. */
  emit(event: StreamEvent, from?: "before"): void;
  /** Passes on a frame that was held. */
  pass(frame: Frame): void;
  /** Of a sink that keeps frames: these are on the disk, synced. */
  stored(firstFrame: number, count: number): void;
  /** A sentence for the user that does not end the run. */
  warn(text: string): void;
  /** A sentence for the user that is news and no trouble, as where the files are; not said when the user wants quiet. */
  say(text: string): void;
  /** Tells the status view in how many seconds a disk will be full; 0: it is, and the stage waits; null: not foreseeable. */
  foreseeFullDisk(inSeconds: number | null): void;
  /** Ends the run early without fault, or, where other branches go on, only this one: the reader of our output went away. */
  stopQuietly(reason: string): void;
  /**
   * The stage needs no more frames: the source is asked to end at once, or, where other branches go on, only this one is over.
   * Returns which; what still arrives is this stage's to count.
   */
  endRun(): Ending;
}

export interface Clock {
  /** Nanoseconds since the Unix epoch, UTC. */
  nowNs(): EpochNs;
  /** The monotonic clock. */
  now(): MonotonicMs;
  /** Sleeps this thread; returns early when the run drains or aborts. */
  sleepMs(ms: number): void;
}

interface Opened {
  /** What the stage counted, for the run's report: `{ tracks: 12, files: ["a.h5"] }`. */
  summary?(): JsonObject;
  /** Releases everything; called once, also after a failure (`failed` true: leave nothing half-written under a final name). */
  close?(failed: boolean): Awaitable<void>;
}

export interface SourceInstance extends Opened {
  /** For a source that relays another process' stream: the last word it received, after "end". Its events are not counted again. */
  upstreamEnd?(): EndOfStream | undefined;
  /** False when what it read says itself that it is not all there was; asked after "end". */
  isComplete?(): boolean;
  /** What became of frames that it handed out, in the order in which that was known; where its declaration says that it settles them. */
  settled?(settlements: readonly Settlement[]): Awaitable<void>;
  /** Fills the frame and returns "frame"; "end" when the source is exhausted, "stopped" when it was asked to end before. */
  next(frame: Frame): Awaitable<"frame" | "end" | "stopped">;
}

/** What became of a frame that a stage took: it goes on, was dropped for a reason, or failed, alone. */
export type Verdict = undefined | { readonly drop: string } | { readonly failed: string };

/** Work of a stage that no entry of the stream brings: looked at before each entry, and done also while none comes. */
export interface Upkeep {
  /** When it is to be done; undefined: there is none. Asked before every entry. */
  dueAt(): MonotonicMs | undefined;
  /** Called at that time, or behind the entry that was worked on then; `dueAt` is later or undefined afterwards. */
  run(): Awaitable<void>;
}

export interface FlowInstance extends Opened {
  /**
   * Takes one frame; a transform's frame goes on afterwards, unless a reason to drop it is returned, or what failed with
   * this frame alone (counted, told, and the run goes on), or "held": the stage
   * keeps the frame then and passes it on later with `context.pass`, in the order the frames came. `product`: what a mapper
   * made of it, where `needs.productBytes` asks for room; valid until push has returned.
   */
  push(frame: Frame, product?: Product): Awaitable<Verdict | "held">;
  /** Frames that `pushTogether` takes at most; `heldFrames` of the needs has slots for all of them but one. */
  readonly mostTogether?: number;
  /** Takes frames that are all there already, in order; answers for each. Nobody waits for another frame to come. */
  pushTogether?(frames: readonly Frame[]): Awaitable<readonly Verdict[]>;
  /** Takes an event; it goes on afterwards. */
  event?(event: StreamEvent): Awaitable<void>;
  /** Its own work that has a time, as a sync of what it stored. */
  readonly upkeep?: Upkeep;
  /** After the last frame; `end` holds the reports of every stage before this one. */
  flush?(end: EndOfStream): Awaitable<void>;
}

export interface FrameMapper {
  /**
   * Works on one frame in its slot; frames come in any order. In a team all members get every frame, at the same time.
   * `product`: room for what goes to the serial part, empty, where `needs.productBytes` asks for it.
   */
  map(frame: Frame, product?: Product): void;
}

/**
 * Who says what the descriptor and the events say: a source of this run, or ("foreign") another process, or a file. What is
 * foreign may name anything, and nothing that it names is touched.
 */
export type StreamOrigin = "own" | "foreign";

/** The headers of image files, as `lookAtFiles` of storage/read reads them; here or in a thread. */
export type LookAtFiles = (...look: Parameters<typeof lookAtFiles>) => Promise<FileFacts>;

export interface StageDeclaration<
  Specs extends OptionSpecs = OptionSpecs,
  Plan extends object = object,
  Facts = unknown,
  Data = unknown,
> {
  readonly name: string;
  readonly role: Role;
  /** One sentence. */
  readonly summary: string;
  /** A few more, for --help. */
  readonly description?: string;
  readonly options: Specs;
  /** The option that takes the command's plain arguments (a repeatable path). */
  readonly positional?: keyof Specs & string;
  /** The option whose files its shell verb acquires in place of the stream on stdin. */
  readonly replays?: keyof Specs & string;
  /** Named sets of option values; an option `preset` chooses one, options given beside it win. */
  readonly presets?: Readonly<Record<string, RawOptions>>;
  readonly examples: readonly Example[];
  /** True for the ends of a process' pipeline that only carry the stream (stdin, stdout): they leave no provenance. */
  readonly isTransport?: boolean;
  /**
   * Looks at the world (files to replay) without changing it or keeping it open. `stageName`: what complaints call the stage.
   */
  look?(options: OptionsOf<Specs>, stageName: string, world: World): Awaitable<Facts>;
  /** Pure: sees the upstream descriptor (null for a source), refuses with a MoteError of exit code 2 or says what it will do. */
  negotiate(
    input: StreamDescriptor | null,
    options: OptionsOf<Specs>,
    facts: Facts,
    origin: StreamOrigin,
  ): Negotiated<Plan>;
  /** Of a sink: another program reads what it writes, so it may have to wait, and is woken when that one takes nothing. */
  feedsReader?(plan: Plan): boolean;
  /** Last look before anything is opened: disk space, files in the way. */
  check?(plan: Plan, input: StreamDescriptor): Awaitable<readonly Problem[]>;
  /** The files that it will read and may write over, for the check that none of a run's outputs is one of its inputs. */
  uses?(plan: Plan, input: StreamDescriptor): Awaitable<UsedFiles>;
  /**
   * Takes hold of what the stage needs of the world, after every stage's `check` and before any is opened, in the order of the
   * stages; may refuse with exit code 2. Never blocks the thread: signals are heard meanwhile. Undefined: it needs nothing.
   */
  connect?(plan: Plan, context: ConnectContext): Awaitable<Connection<Data> | undefined>;
  open(plan: Plan, context: StageContext<Data>): Awaitable<SourceInstance | FlowInstance>;
  openMapper?(plan: Plan, context: StageContext<Data>): Awaitable<FrameMapper>;
}

/** Checks a declaration's types and forgets them, so that all stages fit one table. */
export function defineStage<Specs extends OptionSpecs, Plan extends object, Facts = undefined, Data = undefined>(
  declaration: StageDeclaration<Specs, Plan, Facts, Data>,
): StageDeclaration {
  return declaration as unknown as StageDeclaration;
}
