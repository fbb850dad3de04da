/** What `mote verify` finds in one file: checks made, damage and absence by frame and byte, what nothing tells, and the verdict. */

import { longAgo, msSince, now } from "../../time.js";
import { formatCount } from "../../units.js";
import type { Aspect, CheckName, FindingCode, FindingKind, OwnCode } from "./finding-codes.js";
import type { Verdict } from "./verdict.js";

export interface Finding {
  readonly kind: FindingKind;
  readonly check: CheckName;
  /** For programs: "checksums-damaged", "completeness-missing", or one of its own. */
  readonly code: FindingCode;
  /** A clause without a subject's article or full stop: "frame 17: its pixels do not match their checksum". */
  readonly what: string;
  readonly frame: number | null;
  /** Offset in the file. */
  readonly byte: number | null;
  /** In a folder: the file in it. */
  readonly file: string | null;
}

export interface Unchecked {
  readonly aspect: Aspect;
  /** A clause: "a TIFF of another program has no checksums". */
  readonly why: string;
}

/** Findings kept one by one; the rest are counted. */
const mostFindings = 100;
/** How long work may hold the thread before the event loop has its turn. */
export const breathEveryMs = 50;

export interface Place {
  readonly frame?: number;
  readonly byte?: number;
  readonly file?: string;
  /** Where check and kind do not say enough for programs. */
  readonly code?: OwnCode;
}

/** A verification while it goes on: a format's verifier tells it what it did and found. */
export class Verification {
  readonly path: string;
  /** What the file is: "frame stream", "HDF5". */
  format = "";
  /** Frames that are whole; null for a table without them. */
  frames: number | null = null;
  /** Frames that there should be; null when nothing says so. */
  framesExpected: number | null = null;
  /** Detections that are whole; null where there are none to be. */
  rows: number | null = null;
  bytes = 0;
  /** Whether `mote recover` knows the format. */
  isRecoverable = false;
  /** Whether the format's own mark says that the file was finished. */
  isEnded = false;
  /** What each check that was made looked at: "3,004 of 3,004 messages". */
  readonly checks = new Map<CheckName, string>();
  readonly findings: Finding[] = [];
  readonly notes: string[] = [];
  /** Names in the folder that is verified, of files that are not the recording's: nobody looked at them. */
  readonly otherFiles: string[] = [];
  /** One for each aspect at most. */
  readonly unchecked: Unchecked[] = [];
  readonly #codes = new Map<FindingCode, number>();
  #damaged = 0;
  #missing = 0;
  #breathedAt = longAgo;
  readonly #onProgress: (done: number, total: number) => void;

  constructor(path: string, onProgress: (done: number, total: number) => void = () => {}) {
    this.path = path;
    this.#onProgress = onProgress;
  }

  get verdict(): Verdict {
    if (this.#damaged > 0) return "damaged";
    if (this.#missing > 0) return "incomplete";
    return this.unchecked.length > 0 ? "unchecked" : "whole";
  }

  get findingCount(): number {
    return this.#damaged + this.#missing;
  }

  /** Says what a check looked at; called once it was made, whatever it found. */
  checked(check: CheckName, what: string): void {
    this.checks.set(check, what);
  }

  damaged(check: CheckName, what: string, place: Place = {}): void {
    this.#damaged++;
    this.#keep("damaged", check, what, place);
  }

  missing(check: CheckName, what: string, place: Place = {}): void {
    this.#missing++;
    this.#keep("missing", check, what, place);
  }

  /** Says what nothing tells of this file, and why; the first reason of an aspect stays. */
  notChecked(aspect: Aspect, why: string): void {
    if (!this.unchecked.some((one) => one.aspect === aspect)) this.unchecked.push({ aspect, why });
  }

  /** Codes of why the verdict is not "whole", and how often each was found. */
  get reasons(): readonly { readonly code: FindingCode | `${Aspect}-unchecked`; readonly count: number }[] {
    const found = [...this.#codes].map(([code, count]) => ({ code, count }));
    return [...found, ...this.unchecked.map(({ aspect }) => ({ code: `${aspect}-unchecked` as const, count: 1 }))];
  }

  /** Worth knowing, and no fault: what was lost while recording. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** How far the work is, in any unit; to be awaited, so that timers and signals have their turn. */
  async progress(done: number, total: number): Promise<void> {
    this.#onProgress(done, total);
    if (msSince(this.#breathedAt) < breathEveryMs) return;
    this.#breathedAt = now();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #keep(kind: FindingKind, check: CheckName, what: string, place: Place): void {
    const { frame = null, byte = null, file = null, code = `${check}-${kind}` as const } = place;
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
    if (this.findings.length >= mostFindings) return;
    this.findings.push({ kind, check, code, what, frame, byte, file });
  }
}

export interface VerifyOptions {
  /** Frames to decode, spread evenly; null: all. Structure and ledger are always checked as a whole. */
  readonly sample: number | null;
}

/** Every n-th frame of `frames` is looked at. */
export function sampleStep(frames: number, { sample }: VerifyOptions): number {
  return sample === null ? 1 : Math.max(1, Math.floor(frames / sample));
}

/** Why frames beyond a sample are not checked. */
export function sampled(left: number, of: number): string {
  return `${left.toLocaleString("en-US")} of ${formatCount(of, "frame")} were not decoded, as --sample asks`;
}

/** Checks one file or folder and tells what it finds; throws only when it cannot be read at all (EACCES, EIO). */
export type Verify = (path: string, report: Verification, options: VerifyOptions) => Promise<void>;
