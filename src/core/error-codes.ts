/**
 * The codes of errors, for scripts: what stands in the words may be put better some day, a code stays. A new kind of error gets
 * a line here before it can be thrown; docs/errors.md and the type are made of this table.
 */

export interface CodeEntry {
  /** What has happened, a sentence. */
  readonly means: string;
  /** What whoever meets it does, a sentence. */
  readonly remedy: string;
}

/** By who has to act: on the command, on names, on the machine, on the file, on the run. */
export const errorCodes = {
  "The command": {
    "bad-option": {
      means: "An option, its value or an argument is unknown, missing, or not of the kind or range that is expected.",
      remedy: "Correct the command; running it again as it is gives the same.",
    },
    "option-conflict": {
      means: "Two options contradict each other, or one means nothing without another.",
      remedy: "Leave one of them out, or add the one that is missing.",
    },
    "bad-option-file": {
      means: "A run file or an option file is not the JSON that is expected.",
      remedy: "Correct the file; `mote schema` prints the schema of a run file.",
    },
    "bad-name": {
      means: "A file's name or a name template does not say what can be written.",
      remedy: "Choose a name with an extension that is known, or a template with the fields it needs.",
    },
    "stages-do-not-fit": {
      means: "The stages cannot follow each other so, or the stream before one has not what it works on.",
      remedy: "Change the order of the stages, or what the one before passes on.",
    },
    "no-such-item": {
      means: "The file is fine, and has no such frame, dataset or column.",
      remedy: "Ask for one that is there; the message lists or bounds them.",
    },
    "choice-needed": {
      means: "Several things in the file or folder could be meant.",
      remedy: "Choose one with the option or the name that the hint says.",
    },
  },
  "Names and places": {
    "no-such-file": {
      means: "A file or folder is not there.",
      remedy: "Check the path, or make the folder.",
    },
    "wrong-kind-of-file": {
      means:
        "A folder stands where a file is expected, or a file where a folder is, or a device or pipe where neither can be one.",
      remedy: "Name something of the kind that the message says.",
    },
    "exists-already": {
      means: "Something has that name, and it is not replaced.",
      remedy: "Choose another name, or add `--force` where the hint says so.",
    },
    "in-use": {
      means: "Another run or program uses that file or socket.",
      remedy: "Wait until it has ended, then run the command again.",
    },
    "own-input": {
      means: "The run would write what it reads itself, or the same file twice.",
      remedy: "Choose another name for what is written.",
    },
    "no-permission": {
      means: "The system does not allow it: permissions, or a disk that is read-only.",
      remedy: "Change the permissions, or choose another place.",
    },
    "name-lost": {
      means: "The file that a run was writing was removed or moved by something else.",
      remedy: "Look for it where it was moved to, and record again what is lost.",
    },
  },
  "The machine": {
    "disk-full": {
      means: "The disk has no room, or not as much as the run needs.",
      remedy: "Make room or choose another disk; what was stored before is whole.",
    },
    "io-failed": {
      means: "The system could not read or write, for a reason without a code of its own.",
      remedy: "Read the message; check the disk or the device.",
    },
    "too-many-open-files": {
      means: "The system has no more open files to give.",
      remedy: "Raise the limit (`ulimit -n`), or close other programs.",
    },
    "not-enough-memory": {
      means: "The run needs more memory than there is or may be used.",
      remedy: "Use smaller frames, fewer workers or a shorter queue, or another machine.",
    },
    "no-such-program": {
      means: "A program that an option asks for is not there to be run.",
      remedy: "Install it, or choose another way.",
    },
  },
  "What is in a file": {
    "wrong-format": {
      means: "The file is not of the format that its name or the command says.",
      remedy: "Check that it is the right file; `mote inspect` says what it is.",
    },
    "nothing-in-it": {
      means: "The file, folder or pattern has nothing that could be worked on.",
      remedy: "Check that it is the right one, and that it has been written.",
    },
    "file-cut": {
      means: "The file ends before its end: a copy or a run was broken off.",
      remedy: "Copy it again, or `mote recover` what is there.",
    },
    "file-damaged": {
      means: "What stands in the file contradicts itself or its format.",
      remedy: "Copy it again from where it was written, or try `mote recover`.",
    },
    "checksum-mismatch": {
      means: "Bytes that were read are not those that a checksum was made of.",
      remedy: "Copy the file again; if the original is the same, that frame is lost.",
    },
    "file-changed": {
      means: "The file became another one while it was read or written.",
      remedy: "Run again when nobody writes to it any more.",
    },
    "file-too-new": {
      means: "The file or stream has a version of its format that this version of Mote does not know.",
      remedy: "Read it with a newer Mote, or write it again.",
    },
    unsupported: {
      means: "The file may be fine and uses something that Mote does not read or write, and will not guess at.",
      remedy: "Write it again as the hint says.",
    },
    "too-large": {
      means: "Something in the file or in its name takes more than Mote spends on bytes that somebody else made.",
      remedy: "Check that it is the right file; split it if it is.",
    },
    "frames-differ": {
      means: "Frames of several shapes or pixel types would have to be one stream.",
      remedy: "Replay those of one shape and type at a time.",
    },
  },
  "The run and its stream": {
    "not-a-frame-stream": {
      means: "What comes in is no frame stream.",
      remedy: "Pipe a stage of Mote or a `.mote` file into it.",
    },
    "stream-ended-early": {
      means: "The frame stream broke off before its end, or never began.",
      remedy: "Look at what the command before it says; `--allow-truncated` takes what came.",
    },
    "stream-damaged": {
      means: "A message of the frame stream is not as it was sent.",
      remedy: "Send it again; a recording may be got back with `mote recover`.",
    },
    "no-peer": {
      means: "The other side of a socket or pipe is not there, or went away.",
      remedy: "Start it, then run the command again.",
    },
    "fell-behind": {
      means: "A stage did not keep up, and the run was asked to fail then.",
      remedy: "Choose another `--backpressure`, or make the stage faster.",
    },
    "too-many-features": {
      means: "A frame has more features than there is room for.",
      remedy: "Filter more: raise `--minmass`, `--separation` or `--percentile`.",
    },
    "worker-died": {
      means: "A thread of the run ended without a word.",
      remedy: "Run again; what was flushed before is whole. Was memory short?",
    },
    "not-now": {
      means:
        "The run that was spoken to cannot do that at this moment: it has not begun, it is ending, or it has too much to do.",
      remedy: "Read the message; try again, unless the run is ending.",
    },
    defect: {
      means: "Mote did something that it never should: a mistake of the program.",
      remedy: "Report it with the message and the command.",
    },
  },
} as const satisfies Record<string, Record<string, CodeEntry>>;

type Groups = typeof errorCodes;

/** What kind of error it is, for a program to decide by. */
export type ErrorCode = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups] & string;
