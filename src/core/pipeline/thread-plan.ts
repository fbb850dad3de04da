/** What crosses to a stage's thread, and what comes back from it. Frames never do: they stay in the shared memory. */
import type { ExitCode, Problem } from "../errors.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { FateSpan } from "../model/fate-record.js";
import type { LinkReport, StageReport } from "../model/run-report.js";
import type { SettlementReport } from "../model/settlement.js";
import type { WallOffset } from "../time.js";
import type { SpillPlan } from "./negotiate.js";
import type { RunLayout } from "./run-layout.js";
import type { SpoolEnd } from "./spool-loop.js";

export interface ThreadPlan {
  /** Position in `layout.threads`. */
  readonly threadIndex: number;
  readonly stageName: string;
  /** Names of all stages in reports and messages: the run file's tags, or the stages' names. */
  readonly labels: readonly string[];
  readonly label: string;
  /** What the stage is called in its stream. */
  readonly pathLabel: string;
  readonly plan: object;
  /** What the stage's connection has for its threads. */
  readonly connection: unknown;
  /** Warnings of the stage, for the thread that opens it. */
  readonly notes: readonly string[];
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  /** For the thread of a spool behind the stage. */
  readonly spill: SpillPlan | null;
  readonly layout: RunLayout;
  /** From the monotonic clock to the wall clock, the same for all threads of the run. */
  readonly wallOffset: WallOffset;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
}

export type ThreadMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "news"; readonly text: string }
  | { readonly kind: "quiet"; readonly reason: string }
  | {
      readonly kind: "failed";
      readonly problems: readonly Problem[];
      readonly exitCode: ExitCode;
      /** Only for defects of Mote itself. */
      readonly stack: string | null;
    }
  /** The thread has closed its stage, or its spool. */
  | { readonly kind: "done"; readonly finished?: StageEnd; readonly spool?: SpoolEnd };

/** What a stage's serial part has to report in the end; absent when the run was aborted. */
export interface StageEnd {
  readonly own: StageReport;
  /** Of the ways behind it. */
  readonly links: readonly LinkReport[];
  /** Of a source: the stages of the processes before this one. */
  readonly before: readonly StageReport[];
  readonly isComplete: boolean;
  /** Of a sink, where the run keeps a ledger. */
  readonly fates?: readonly FateSpan[];
  /** Of a source that heard what became of its frames. */
  readonly settled?: SettlementReport;
}
