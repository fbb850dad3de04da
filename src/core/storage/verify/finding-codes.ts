/**
 * The codes of what `mote verify` finds, for scripts: docs/errors.md and the types are made of these tables. A code that is
 * listed keeps its meaning.
 */

/** In the order in which a report tells of them. What one finds is "CHECK-damaged" or "CHECK-missing", or has a code of its own. */
export const checks = {
  structure: "the pieces of the file are where they should be",
  checksums: "bytes are those that were written",
  decoding: "every frame or row can be read",
  ledger: "what is stored is what was recorded as stored",
  completeness: "the file was closed in order, and all of it is there",
} as const;
export type CheckName = keyof typeof checks;
export const checkNames = Object.keys(checks) as readonly CheckName[];

/** "damaged": bytes are wrong. "missing": what is there is whole, but something that should be there is not. */
export type FindingKind = "damaged" | "missing";

/** Findings that a program may want to tell from others of the same check and kind. */
export const ownCodes = {
  "recording-cut": "What was recorded here had been cut; all of it is here, and what followed is not known.",
  "being-written": "Another process writes the file just now: look again when it has ended.",
  "writer-died": "Whoever wrote the file died before it was finished.",
  "writer-elsewhere":
    "A lock says that a process of another machine writes the file; whether it lives cannot be seen from here.",
  "run-not-successful": "The stop document of the run says that it failed or was aborted.",
  "part-missing": "A part of an archive that was split is not there.",
  "bytes-behind-end": "Bytes stand behind the end of a file that was closed.",
  "file-missing": "A file that the journal of its folder has a line of is not there.",
  "line-missing": "The journal has no line of a file in its folder that names it.",
  "journal-missing": "The journal that a file names is not there: what was lost is not known.",
  "journal-broken": "A line of a journal is gone, changed, moved, or there twice.",
} as const;
export type OwnCode = keyof typeof ownCodes;

export type FindingCode = `${CheckName}-${FindingKind}` | OwnCode;

/** What nothing in a file tells, or what was not looked at; the code is "ASPECT-unchecked". */
export const aspects = {
  pixels: "whether pixels have changed, where they still decode: there is no checksum",
  values: "whether values of a table have changed, where they still decode: there is no checksum",
  metadata: "whether metadata have changed, where they still decode: there is no checksum",
  end: "whether the file was finished: there is no mark",
  frames: "those beyond the sample that was asked for",
} as const;
export type Aspect = keyof typeof aspects;
