/** What `mote verify` finds in one file: checks made, damage and absence by frame and byte, and the verdict from them. */
import type { ExitCode } from "../../errors.js";

/**
 * - structure: the pieces of the file are where they should be
 * - checksums: bytes are those that were written
 * - decoding: every frame or row can be read
 * - ledger: what is stored is what was recorded as stored
 * - completeness: the file was closed in order
 */
export const checkNames = ["structure", "checksums", "decoding", "ledger", "completeness"] as const;
export type CheckName = (typeof checkNames)[number];

/** "damaged": bytes are wrong. "missing": what is there is whole, but something that should be there is not. */
export interface Finding {
  readonly kind: "damaged" | "missing";
  readonly check: CheckName;
  /** A clause without a subject's article or full stop: "frame 17: its pixels do not match their checksum". */
  readonly what: string;
  readonly frame: number | null;
  /** Offset in the file. */
  readonly byte: number | null;
  /** In a folder: the file in it. */
  readonly file: string | null;
}

/** whole: 0 · incomplete, everything there is intact: 3 · damaged: 1. */
export type Verdict = "whole" | "incomplete" | "damaged";
export const exitCodeOf: Readonly<Record<Verdict, ExitCode>> = { whole: 0, incomplete: 3, damaged: 1 };

/** Findings kept one by one; the rest are counted. */
const mostFindings = 100;
/** How long work may hold the thread before the event loop has its turn. */
export const breathEveryMs = 50;

export interface Place {
  readonly frame?: number;
  readonly byte?: number;
  readonly file?: string;
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
  /** What each check that was made looked at: "3,004 of 3,004 messages". */
  readonly checks = new Map<CheckName, string>();
  readonly findings: Finding[] = [];
  readonly notes: string[] = [];
  #damaged = 0;
  #missing = 0;
  #breathedAtMs = 0;
  readonly #onProgress: (done: number, total: number) => void;

  constructor(path: string, onProgress: (done: number, total: number) => void = () => {}) {
    this.path = path;
    this.#onProgress = onProgress;
  }

  get verdict(): Verdict {
    return this.#damaged > 0 ? "damaged" : this.#missing > 0 ? "incomplete" : "whole";
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

  /** Worth knowing, and no fault: what was lost while recording, what could not be checked. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** How far the work is, in any unit; to be awaited, so that timers and signals have their turn. */
  async progress(done: number, total: number): Promise<void> {
    this.#onProgress(done, total);
    const nowMs = performance.now();
    if (nowMs - this.#breathedAtMs < breathEveryMs) return;
    this.#breathedAtMs = nowMs;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #keep(kind: Finding["kind"], check: CheckName, what: string, place: Place): void {
    if (this.findings.length >= mostFindings) return;
    const { frame = null, byte = null, file = null } = place;
    this.findings.push({ kind, check, what, frame, byte, file });
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

/** Checks one file or folder and tells what it finds; throws only when it cannot be read at all (EACCES, EIO). */
export type Verify = (path: string, report: Verification, options: VerifyOptions) => Promise<void>;
