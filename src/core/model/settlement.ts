/** What became of frames that a source handed out, as all of a run that keeps frames says of it. */

/**
 * "stored": every keeper has it on the disk, synced. "lost": it did not reach one of them, or was not taken. "failed": what would have
 * kept it broke, or nobody can say that it is on the disk.
 */
export type SettledFate = "stored" | "lost" | "failed";

/** How many frames were settled, by fate. */
export type SettlementReport = Readonly<Record<SettledFate, number>>;

/** `count` frames from number `firstFrame` on, of one fate. */
export interface Settlement {
  readonly firstFrame: number;
  readonly count: number;
  readonly fate: SettledFate;
  /** Who gave them up and why, as "acquire: link full"; empty of frames that are stored. */
  readonly reason: string;
}
