/** What is wrong with a file that somebody else made, as its parser says it. */
import type { ErrorCode } from "./error-codes.js";

/** The hint where there is no better one. */
export const damagedHint = "The file is damaged, or not what its name says.";

/** The same of a file that is shorter than it says. */
export const cutHint = "The file is cut short or damaged; copy it again from where it was written.";

/** Of a recording that `mote recover` knows: its other frames are not lost. */
export const recoverHint = "mote verify says how many of its frames are whole, and mote recover gets them back.";

/** A file that is damaged, or that uses what we refuse to guess at; whoever opened it turns this into a MoteError. */
export class FormatProblem extends Error {
  readonly code: ErrorCode;
  /** Where in the file, bytes from its start; undefined when it is about the file as a whole. */
  readonly byte: number | undefined;
  readonly hint: string;

  constructor(code: ErrorCode, what: string, byte?: number, hint = damagedHint, cause?: unknown) {
    super(what, { cause });
    this.name = "FormatProblem";
    this.code = code;
    this.byte = byte;
    this.hint = hint;
  }
}

/** The file ends before what its own bytes speak of: a cut, unless something else speaks of damage. */
export class EndsEarly extends FormatProblem {
  constructor(what: string, byte?: number, hint?: string) {
    super("file-cut", what, byte, hint);
  }
}

/** What was read is not what a checksum beside it was made of. */
export class ChecksumMismatch extends FormatProblem {
  constructor(what: string, byte?: number, hint?: string) {
    super("checksum-mismatch", what, byte, hint);
  }
}
