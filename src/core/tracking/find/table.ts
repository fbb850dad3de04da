/** The compact table of detections in a slot: columns one after the other, as long as there are rows. */

/**
 * Keeps the rows for which `keep[row]` is not 0, in order, and closes the gaps in every column. `values` holds `columns`
 * columns of `rows` values. Returns how many rows are left.
 */
export function keepRows(values: Float64Array, rows: number, columns: number, keep: Uint8Array): number {
  let kept = 0;
  for (let row = 0; row < rows; row++) if (keep[row] !== 0) kept++;
  if (kept === rows) return rows;
  let to = 0;
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      if (keep[row] !== 0) values[to++] = values[column * rows + row]!;
    }
  }
  return kept;
}

/** Marks the `most` largest values of a column (of equals the later rows); all when there are no more. */
export function markLargest(values: Float64Array, at: number, rows: number, most: number, keep: Uint8Array): void {
  keep.fill(1, 0, rows);
  if (rows <= most) return;
  const order = Array.from({ length: rows }, (_, row) => row).sort(
    (a, b) => values[at + a]! - values[at + b]! || a - b,
  );
  for (let i = 0; i < rows - most; i++) keep[order[i]!] = 0;
}
