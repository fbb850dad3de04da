/** A text table once more, with track numbers and flags in it: every other byte is copied as it is. */
import { linkFlag } from "../../tracking/link/linker.js";
import { longestNumber, writeInteger } from "../columns/write-number.js";
import { parseCell } from "./cell-number.js";
import type { UsedColumns } from "./choose-columns.js";
import type { RowLabels } from "./open-table.js";
import { RowReader } from "./row-reader.js";
import { changedMeanwhile, type TextLayout } from "./text-table.js";

const pieceBytes = 1 << 20;
const linkBits = linkFlag.gap | linkFlag.subnetDegraded;

/** Gathers bytes until there are enough to write. */
class Gathered {
  bytes = new Uint8Array(2 * pieceBytes);
  length = 0;

  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  add(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.reserve(bytes.length);
    this.copy(bytes, 0, bytes.length);
  }

  copy(from: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    this.bytes.set(from.subarray(start, end), this.length);
    this.length += end - start;
  }
}

/** Writes the labels into the particle and flags columns of every row, or behind the last column where there is none. */
export async function* writeLabels(
  layout: TextLayout,
  used: UsedColumns,
  labels: RowLabels,
): AsyncGenerator<Uint8Array> {
  const { where, pieces, delimiter, extraHeaderRows, markBytes } = layout;
  const reader = new RowReader(where, pieces, delimiter, markBytes);
  const out = new Gathered();
  const flagsAt = labels.flags === null ? -1 : used.flags;
  // Cells that change, in the order of the row.
  const changed = [used.particle, flagsAt].filter((at) => at >= 0).sort((a, b) => a - b);
  const appendsParticle = used.particle < 0;
  const appendsFlags = labels.flags !== null && flagsAt < 0;
  const appendedNames = [...(appendsParticle ? [used.particleName] : []), ...(appendsFlags ? ["flags"] : [])];
  let headerRows = 0;
  let row = 0;

  const writeFlags = (old: number): void => {
    out.length = writeInteger(out.bytes, out.length, (old & ~linkBits) | labels.flags![row]!);
  };
  const writeParticle = (): void => {
    const particle = labels.particle[row]!;
    if (particle >= 0) out.length = writeInteger(out.bytes, out.length, particle);
  };

  if (markBytes > 0) out.add("\ufeff");
  while (reader.next()) {
    const { bytes, rowStart, rowEnd, nextStart, cells } = reader;
    out.reserve(nextStart - rowStart + 4 * longestNumber + 512);
    if (cells === 0) out.copy(bytes, rowStart, nextStart);
    else if (headerRows <= extraHeaderRows) {
      out.copy(bytes, rowStart, rowEnd);
      // TrackMate's second and third line name the column again, its fourth has the units.
      for (const name of appendedNames) {
        const text = headerRows > 2 ? "" : layout.isQuoted ? `"${name}"` : name;
        out.add(String.fromCharCode(delimiter) + text);
      }
      out.copy(bytes, rowEnd, nextStart);
      headerRows++;
    } else {
      if (row >= labels.particle.length || cells !== layout.columns.length) throw changedMeanwhile(where);
      let from = rowStart;
      for (const at of changed) {
        const [start, end] = [reader.cellStart[at]!, reader.cellStart[at + 1]! - 1];
        out.copy(bytes, from, start);
        if (at === flagsAt) writeFlags(parseCell(bytes, start, end, false) || 0);
        else writeParticle();
        from = end;
      }
      out.copy(bytes, from, rowEnd);
      if (appendsParticle) {
        out.bytes[out.length++] = delimiter;
        writeParticle();
      }
      if (appendsFlags) {
        out.bytes[out.length++] = delimiter;
        writeFlags(0);
      }
      out.copy(bytes, rowEnd, nextStart);
      row++;
    }
    if (out.length >= pieceBytes) {
      yield out.bytes.subarray(0, out.length);
      out.length = 0;
    }
  }
  if (row !== labels.particle.length) throw changedMeanwhile(where);
  if (out.length > 0) yield out.bytes.subarray(0, out.length);
}
