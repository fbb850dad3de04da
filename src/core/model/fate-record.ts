/** What became of every frame at one end of a run, in spans: as long as a run goes as it should, that is one. */
import { extendRun } from "./frame-run.js";

export interface FateSpan {
  readonly firstFrame: number;
  readonly count: number;
  /** "delivered", or who gave the frames up and why: "acquire: link full". */
  readonly fate: string;
}

export const deliveredFate = "delivered";

/** Of frames at one end: they came, or did not, or what they came to broke. */
export type FateKind = "delivered" | "lost" | "failed";

/** Who wants to know what became of every frame at one end. */
export interface FateListener {
  add(firstFrame: number, count: number, fate: string, kind: FateKind): void;
}

export class FateRecord implements FateListener {
  readonly #spans: { firstFrame: number; count: number; readonly fate: string }[] = [];

  add(firstFrame: number, count: number, fate: string): void {
    const last = this.#spans.at(-1);
    if (last?.fate !== fate || !extendRun(last, firstFrame, count)) this.#spans.push({ firstFrame, count, fate });
  }

  /** In the order in which they were told. */
  get spans(): readonly FateSpan[] {
    return this.#spans;
  }
}

/** A row of a run's ledger: `count` frames from number `firstFrame` on, with their fate at each of the run's ends; "" where none was told. */
export interface LedgerRow {
  readonly firstFrame: number;
  readonly count: number;
  readonly fates: readonly string[];
}

/** The records of a run's ends side by side: a row for each frame that was delivered anywhere, one for each run of others. */
export function* ledgerRows(records: readonly (readonly FateSpan[])[]): Generator<LedgerRow> {
  const sorted = records.map((spans) => [...spans].sort((a, b) => a.firstFrame - b.firstFrame));
  const edges = new Set<number>();
  for (const { firstFrame, count } of sorted.flat()) edges.add(firstFrame).add(firstFrame + count);
  const starts = [...edges].sort((a, b) => a - b);
  const at = sorted.map(() => 0);
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1];
    if (end === undefined) return;
    const fates = sorted.map((spans, record) => {
      while (at[record]! < spans.length && spans[at[record]!]!.firstFrame + spans[at[record]!]!.count <= start)
        at[record]!++;
      const span = spans[at[record]!];
      return span && span.firstFrame <= start ? span.fate : "";
    });
    if (fates.every((fate) => fate === "")) continue;
    if (!fates.includes(deliveredFate)) yield { firstFrame: start, count: end - start, fates };
    else for (let frame = start; frame < end; frame++) yield { firstFrame: frame, count: 1, fates };
  }
}
