/** The order people mean: frame_2 before frame_10. */

/**
 * Compares names piece by piece, runs of digits by their value (of any length), the rest by code point; of equals
 * ("a01", "a1") the one with fewer leading zeros first.
 */
export function naturalOrder(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  let zeros = 0;
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [x, y] = [left[index]!, right[index]!];
    if (/\d/.test(x[0]!) && /\d/.test(y[0]!)) {
      const [m, n] = [x.replace(/^0+(?=\d)/, ""), y.replace(/^0+(?=\d)/, "")];
      if (m.length !== n.length) return m.length - n.length;
      if (m !== n) return m < n ? -1 : 1;
      zeros ||= x.length - y.length;
    } else if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length || zeros;
}

/**
 * Puts a list of files into natural order if it came in the plain order in which a shell expands `*.png`; an order that
 * somebody chose is kept.
 */
export function undoShellOrder(paths: readonly string[]): readonly string[] {
  const isPlain = (compare: (a: string, b: string) => number) =>
    paths.every((path, index) => index === 0 || compare(paths[index - 1]!, path) <= 0);
  const byCodePoint = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  if (!isPlain(byCodePoint) && !isPlain((a, b) => a.localeCompare(b))) return paths;
  return [...paths].sort(naturalOrder);
}
