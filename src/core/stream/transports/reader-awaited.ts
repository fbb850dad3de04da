/** A stream whose reader is not there yet is waited with. */
import { failure, type MoteError } from "../../errors.js";

/** How often it is looked whether the reader has come. */
export const lookEveryMs = 50;

/** The run was interrupted before the reader came. */
export function neverRead(place: string): MoteError {
  return failure(
    "interrupted",
    place,
    "interrupted before anybody read it",
    "Start the reader, too: --input with the same path.",
  );
}
