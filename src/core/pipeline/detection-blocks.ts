/**
 * Which detections of a slot are whose: every stage that makes some has a block of its own in each slot, and the stages behind
 * it, up to the next that makes some, read that. So nobody writes over what another branch, or the recording that is
 * replayed, has found.
 */
import type { StageNeeds } from "./stage.js";

/** Positions of blocks; null where there is none. */
export interface BlockUse {
  /** What the stages before it have found. */
  readonly reads: number | null;
  /** What it finds itself. */
  readonly writes: number | null;
}

export interface DetectionBlocks {
  /** Blocks in every slot. */
  readonly count: number;
  /** One a stage. */
  readonly uses: readonly BlockUse[];
}

/** `parentOf`: position of the stage that feeds a stage, which comes before it; -1 of the source. */
export function detectionBlocks(
  stages: readonly { readonly needs: StageNeeds }[],
  parentOf: (stageIndex: number) => number,
): DetectionBlocks {
  const uses: BlockUse[] = [];
  let count = 0;
  for (const [stageIndex, { needs }] of stages.entries()) {
    const parent = uses[parentOf(stageIndex)];
    const writes = needs.detectionRows === undefined ? null : count++;
    uses.push({ reads: parent ? blockOf(parent) : null, writes });
  }
  return { count, uses };
}

/** The block that a stage has before it as a frame's detections: its own, if it makes some. */
export function blockOf({ reads, writes }: BlockUse): number | null {
  return writes ?? reads;
}
