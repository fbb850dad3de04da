/** Writes the tables of the disc that `refine` and `characterize` read: see their docstrings in `kernels/assembly`. */

import type { Disc } from "./disc.js";
import type { LocatorLayout } from "./locator-layout.js";

export function writeDiscTables(buffer: ArrayBufferLike, base: number, layout: LocatorLayout, disc: Disc): void {
  const { radius, halfWidths } = disc;
  const lanes = layout.chunks * 8;
  const count = lanes * halfWidths.length;
  const ones = new Int16Array(buffer, base + layout.ones, count).fill(0);
  const xs = new Int16Array(buffer, base + layout.xs, count).fill(0);
  const squares = new Int16Array(buffer, base + layout.squares, count).fill(0);
  const cosines = new Float64Array(buffer, base + layout.cosines, count).fill(0);
  const sines = new Float64Array(buffer, base + layout.sines, count).fill(0);
  // Chunks end where the square ends.
  const lead = lanes - (2 * radius.x + 1);
  const totals = { ones: 0, xs: 0, ys: 0, squares: 0 };
  halfWidths.forEach((half, row) => {
    const dy = row - radius.y;
    for (let dx = -half; dx <= half; dx++) {
      const at = row * lanes + lead + radius.x + dx;
      const squared = dx * dx + dy * dy;
      ones[at] = 1;
      xs[at] = radius.x + dx;
      squares[at] = dx * dx;
      cosines[at] = squared === 0 ? 1 : (dx * dx - dy * dy) / squared;
      sines[at] = squared === 0 ? 0 : (2 * dx * dy) / squared;
      totals.ones++;
      totals.xs += radius.x + dx;
      totals.ys += row;
      totals.squares += squared;
    }
  });
  const sums = [totals.ones, totals.xs, totals.ys, totals.squares].map((total) => total * 32768);
  new Float64Array(buffer, base + layout.sums, 4).set(sums);
  new Int32Array(buffer, base + layout.halfWidths, halfWidths.length).set(halfWidths);
  new Int32Array(buffer, base + layout.widths, layout.levels.length).set(layout.levels);
  const levelOfRow = Array.from(halfWidths, (half) => layout.levels.indexOf(half));
  new Int32Array(buffer, base + layout.levelOfRow, halfWidths.length).set(levelOfRow);
}
