/** Which values of a column there are, as Arrow has it: a bit a row, the lowest first, and none where every row has one. */
export interface Presence {
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array;
}

export function presenceOf(rows: number, isThere: (row: number) => boolean): Presence {
  const nullBitmap = new Uint8Array(Math.ceil(rows / 64) * 8);
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if (isThere(row)) nullBitmap[row >> 3]! |= 1 << (row & 7);
    else nullCount++;
  }
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap };
}
