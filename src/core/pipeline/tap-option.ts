/** `--tap`: where an observer of a stage's frames finds them. It has the newest, and the run never waits for it. */
import { type OptionSpecs, option } from "../option/option.js";

export interface TapRequest {
  /** "unix:/run/tap.sock" or "fifo:/run/tap". */
  readonly address: string;
  /** Every how many frames one is shown; 1: all that the reader takes in time. */
  readonly every: number;
  /** Only the newest frame waits for the reader; else a few do. */
  readonly isLatest: boolean;
}

/** What follows the address, each behind a comma; an address may have commas of its own. */
const settings = /^(?:latest|every=(\d{1,9}))$/;

function parseTap(raw: unknown): TapRequest | undefined {
  if (typeof raw !== "string" || raw.includes("\0")) return undefined;
  const parts = raw.split(",");
  let every = 1;
  let isLatest = false;
  for (let found = settings.exec(parts.at(-1)!); found && parts.length > 1; found = settings.exec(parts.at(-1)!)) {
    if (found[1] === undefined) isLatest = true;
    else every = Number(found[1]);
    parts.pop();
  }
  const address = parts.join(",");
  return /^(unix|fifo):./.test(address) && every > 0 ? { address, every, isLatest } : undefined;
}

/** Option of every stage. */
export const tapOptions = {
  tap: option.list<TapRequest>(
    option.custom(
      {
        doc: "Let others look at the frames that the stage passes on (a sink: that it gets) while the run goes on: a reader may come late, stall, die and come back, and the run never waits for it. It has the newest frame; those it is not shown are counted and no loss.",
        metavar: "address",
        expected: "unix:PATH or fifo:PATH, and behind it ,every=N or ,latest",
      },
      parseTap,
    ),
  ),
} satisfies OptionSpecs;
