/** What an output consists of on the disk, as the owner of names has to know it: a file, a store of many, a row of files. */
import type { ErrorCode } from "../../error-codes.js";

/** Why a name cannot be had, and what to do next. */
export interface Refused {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

export interface Replaceable {
  /** Its files have names made of the one that is claimed; none has that one. */
  readonly isRow?: true;
  /** The files of a row that are there. */
  parts?(path: string): readonly string[];
  /** Whether something has the name. */
  isThere(path: string): boolean;
  /** Why what is there cannot be replaced, or, without force, has to stay; undefined when it may go. */
  refused(path: string, isForced: boolean): Refused | undefined;
  /** Gives what is complete under `growing` the name `path`, and only then lets the old one go. */
  replace(path: string, growing: string): void;
  /** Removes what a run made under that name, and nothing else. */
  remove(path: string): void;
  /** Ends a replacement that a killed run had begun. */
  mend?(path: string): void;
}
