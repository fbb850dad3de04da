/** The grey level above which peaks are looked for: bracketed from samples, collected while scaling, ranked at the end. */

import { type LocatorLayout, record } from "./locator-layout.js";
import type { LocatorPlace } from "./raw-frame.js";

export interface PercentileFinder {
  /** Where run `index` leaves its samples. */
  samplesAt(index: number): number;
  /** For one member: chooses the bracket from the samples of all runs (float32, of the image before it is scaled). */
  openBracket(scale: number): void;
  /** For every member: gets ready to collect. */
  takeBracket(): void;
  /** This member's, for the kernels that collect. */
  readonly ranks: number;
  readonly list: number;
  /** For one member: the percentile among the `lit` pixels that are not zero, NaN where there are none. */
  find(lit: number, isCollected: boolean): number;
}

/** int32 words of `ranks`; the count of values not above the bracket is the int64 at word 2. */
const word = { from: 0, to: 1, counted: 2, kept: 4 } as const;

export function createPercentileFinder(place: LocatorPlace): PercentileFinder {
  const { kernels, memory, layout, shared, team, tiling, shape, params } = place;
  const [ranks, list] = [ranksOf(shared, layout, team.member), listOf(shared, layout, team.member)];
  const bytes = new Uint8Array(memory.buffer);
  const bracket = new Int32Array(memory.buffer, shared + layout.bracket, 2);
  const words = new Int32Array(memory.buffer, ranks, 8);
  const records = new Float64Array(memory.buffer, shared + layout.records, tiling.runs.length * record.values);

  /** Puts what the others collected behind one's own; kept is -1 where it does not fit, which the kernel understands. */
  function gather(): void {
    let kept = words[word.kept]!;
    let counted = new BigInt64Array(memory.buffer, ranks, 2)[1]!;
    for (let member = 0; member < team.size; member++) {
      if (member === team.member) continue;
      const at = ranksOf(shared, layout, member);
      const theirs = new Int32Array(memory.buffer, at, 8)[word.kept]!;
      if (kept < 0 || theirs < 0 || (kept + theirs) * 2 + 64 > layout.listBytes) {
        words[word.kept] = -1;
        return;
      }
      const from = listOf(shared, layout, member);
      bytes.copyWithin(list + kept * 2, from, from + theirs * 2);
      kept += theirs;
      counted += new BigInt64Array(memory.buffer, at, 2)[1]!;
    }
    words[word.kept] = kept;
    new BigInt64Array(memory.buffer, ranks, 2)[1] = counted;
  }

  return {
    ranks,
    list,
    samplesAt: (index) => (layout.isShared ? shared + layout.samples + index * layout.samplesStride : list),
    openBracket(scale) {
      let count = 0;
      const room = (layout.listBytes - 64) >> 2;
      for (let index = 0; index < tiling.runs.length; index++) {
        const taken = Math.min(records[index * record.values + record.samples]!, room - count);
        const from = shared + layout.samples + index * layout.samplesStride;
        if (layout.isShared) bytes.copyWithin(list + count * 4, from, from + taken * 4);
        count += taken;
      }
      kernels.bracketSamples_f32(shared + layout.bracket, list, count, scale, params.percentile);
    },
    takeBracket() {
      words.fill(0);
      words[word.from] = bracket[word.from]!;
      words[word.to] = bracket[word.to]!;
    },
    find(lit, isCollected) {
      if (isCollected && team.size > 1) gather();
      // biome-ignore format: one line for each group of arguments
      return kernels.percentileOfNonZero_u16(
        shared + layout.image, layout.imageStride, shape.width, shape.height, lit, params.percentile,
        ranks, list, layout.listBytes, isCollected ? 1 : 0, layout.sampleEvery,
      );
    },
  };
}

function ranksOf(shared: number, layout: LocatorLayout, member: number): number {
  return shared + layout.ranks + member * layout.ranksStride;
}

function listOf(shared: number, layout: LocatorLayout, member: number): number {
  return shared + layout.list + member * layout.listStride;
}
