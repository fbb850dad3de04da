/** What crosses to a stage's thread, and what comes back from it. Frames never do: they stay in the shared memory. */
import type { ExitCode, Problem } from "../errors.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { StageReport } from "../model/run-report.js";
import type { WallOffset } from "../time.js";
import type { SpillPlan } from "./negotiate.js";
import type { RunLayout } from "./run-layout.js";

export interface ThreadPlan {
  /** Position in `layout.threads`. */
  readonly threadIndex: number;
  readonly stageName: string;
  /** Name in reports and messages: the run file's tag, or the stage's name. */
  readonly label: string;
  readonly plan: object;
  /** What the stage's connection has for its threads. */
  readonly connection: unknown;
  /** Warnings of the stage, for the thread that opens it. */
  readonly notes: readonly string[];
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  /** For the thread of the spool behind the stage. */
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
  /** The thread has closed its stage. A sink's serial part hands in the reports of all stages. */
  | { readonly kind: "done"; readonly reports: readonly StageReport[] | null; readonly isComplete: boolean };
