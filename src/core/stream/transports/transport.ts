/**
 * A way for a frame stream into a process and out of it. One is a file here and a line in the registry; what only an opening
 * needs is loaded then.
 */
import type { Problem } from "../../errors.js";
import type { Holder } from "../../held.js";
import type { OptionSpecs, OptionsOf } from "../../option/option.js";
import type { Claim } from "../../storage/claim/claim.js";
import type { SharedDescriptor } from "../once-closed.js";

type Awaitable<Value> = Value | Promise<Value>;

/** `--input` or `--output`. */
export type Use = "input" | "output";

export interface OpenedInput {
  readonly fd: number;
  /** For complaints: "stdin", "run.mote". */
  readonly name: string;
  /** Files can be read at any place; pipes and sockets only onwards. */
  readonly isSeekable: boolean;
  /** It is a regular file, also one that a shell gave as stdin. */
  readonly isFile: boolean;
  /** "shared": it was open before and stays open; "again": it may be closed and opened anew; "once": this is its only opening. */
  readonly opening: "shared" | "again" | "once";
}

export interface OpenedOutput {
  readonly fd: number;
  readonly name: string;
  readonly isFile: boolean;
  /** Of a file that was named: to be settled when it is closed. */
  readonly claim?: Claim;
  /** Closes the descriptor, where somebody else may close it too. */
  close?(): void;
}

/** In all of it `where` is the stage, for messages, and `address` what `--input` or `--output` says. */
export interface Transport<OutputSpecs extends OptionSpecs = OptionSpecs> {
  /** How help calls its addresses: "unix:/path to listen on"; null: it is not offered. */
  readonly doc: { readonly [U in Use]?: string } | null;
  /** Whether it has this address; the first in the registry that does is taken. */
  knows(address: string, use: Use): boolean;
  /** Options of `--output` that are its own. */
  readonly outputOptions?: OutputSpecs;
  /** Opens to read; what it holds while it waits for the other side, and what outlives the process, it enters at `holder`. */
  openInput(where: string, address: string, holder: Holder): Awaitable<OpenedInput>;
  /** What keeps it from being written to, before anything is opened. */
  outputProblem?(where: string, address: string, options: OptionsOf<OutputSpecs>): Awaitable<Problem | undefined>;
  /**
   * Waits, without blocking the thread, until the reader is there; refuses (exit code 2) when none comes. Returns a descriptor
   * that is the caller's to close; undefined where there is nobody to wait for.
   */
  awaitReader?(where: string, address: string): Awaitable<number | undefined>;
  /** Opens to write; `awaited` is what waiting for the reader came to. */
  openOutput(
    where: string,
    address: string,
    options: OptionsOf<OutputSpecs>,
    awaited: SharedDescriptor | undefined,
  ): Awaitable<OpenedOutput>;
  /** Whether a stream that is written there stays there, and nobody reads it as it comes. */
  endsInFile(address: string): boolean;
}

/** Checks a declaration's types and forgets them, so that all transports fit one table. */
export function defineTransport<OutputSpecs extends OptionSpecs = Record<never, never>>(
  declaration: Transport<OutputSpecs>,
): Transport {
  return declaration as unknown as Transport;
}
