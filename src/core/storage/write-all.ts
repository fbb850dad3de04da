/** The one place that completes short writes: the system may take fewer bytes than it was given. */
import { writeSync, writevSync } from "node:fs";

/** Writes all bytes, at this position of the file or, without one, where the descriptor stands; throws the system's error. */
export function writeAll(fd: number, bytes: Uint8Array, at: number | null = null): void {
  for (let done = 0; done < bytes.length; ) {
    done += taken(writeSync(fd, bytes, done, bytes.length - done, at === null ? null : at + done));
  }
}

/** The same of several pieces, one behind the other, gathered into as few writes as the system takes. */
export function writeAllOf(fd: number, pieces: readonly Uint8Array[], at: number | null = null): void {
  let place = at;
  for (let rest = pieces.filter(({ length }) => length > 0); rest.length > 0; ) {
    let wrote = taken(writevSync(fd, rest, place ?? undefined));
    if (place !== null) place += wrote;
    // What is left of the first piece that was not taken whole, and those behind it.
    const next = rest.findIndex(({ length }) => {
      if (wrote < length) return true;
      wrote -= length;
      return false;
    });
    rest = next < 0 ? [] : [rest[next]!.subarray(wrote), ...rest.slice(next + 1)];
  }
}

/** Trying again where nothing is taken would go on forever. */
function taken(count: number): number {
  if (count === 0) throw Object.assign(new Error("the disk took nothing"), { code: "EIO" });
  return count;
}
