/** Circles through points in the plane. */

export interface Circle {
  y: number;
  x: number;
  radius: number;
}

/**
 * Fits a circle to the points whose `use` is 1 and writes it to `out`: Taubin's algebraic fit, by Newton steps from 0 on
 * the smallest root (Taubin, IEEE Trans. PAMI 13, 1115, 1991; in the form of Chernov and Lesort, J. Math. Imaging Vis. 23,
 * 239, 2005), nearly free of bias for parts of circles. Returns false for fewer than 3 points or points on a line.
 */
export function fitCircle(out: Circle, y: Float64Array, x: Float64Array, use: Uint8Array): boolean {
  let count = 0;
  let meanY = 0;
  let meanX = 0;
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    count++;
    meanY += y[i]!;
    meanX += x[i]!;
  }
  if (count < 3) return false;
  meanY /= count;
  meanX /= count;
  let [xx, yy, xy, xz, yz, zz] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    const z = dx * dx + dy * dy;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
    xz += dx * z;
    yz += dy * z;
    zz += z * z;
  }
  [xx, yy, xy, xz, yz, zz] = [xx / count, yy / count, xy / count, xz / count, yz / count, zz / count];
  const z = xx + yy;
  const covariance = xx * yy - xy * xy;
  const spread = zz - z * z;
  const a3 = 4 * z;
  const a2 = -3 * z * z - zz;
  const a1 = spread * z + 4 * covariance * z - xz * xz - yz * yz;
  const a0 = xz * (xz * yy - yz * xy) + yz * (yz * xx - xz * xy) - spread * covariance;
  let root = 0;
  let value = a0;
  for (let step = 0; step < 50; step++) {
    const slope = a1 + root * (2 * a2 + 3 * a3 * root);
    const next = root - value / slope;
    if (next === root || !Number.isFinite(next)) break;
    const nextValue = a0 + next * (a1 + next * (a2 + next * a3));
    if (Math.abs(nextValue) >= Math.abs(value)) break;
    root = next;
    value = nextValue;
  }
  const determinant = root * root - root * z + covariance;
  if (!(Math.abs(determinant) > 1e-12 * z * z)) return false;
  const centreX = (xz * (yy - root) - yz * xy) / determinant / 2;
  const centreY = (yz * (xx - root) - xz * xy) / determinant / 2;
  out.y = centreY + meanY;
  out.x = centreX + meanX;
  out.radius = Math.sqrt(centreX * centreX + centreY * centreY + z);
  return Number.isFinite(out.radius);
}

/** Writes the circle through three points to `out`; false for points on a line. */
export function circleThrough(
  out: Circle,
  y: Float64Array,
  x: Float64Array,
  first: number,
  second: number,
  third: number,
): boolean {
  const by = y[second]! - y[first]!;
  const bx = x[second]! - x[first]!;
  const cy = y[third]! - y[first]!;
  const cx = x[third]! - x[first]!;
  const area = 2 * (bx * cy - by * cx);
  const b = bx * bx + by * by;
  const c = cx * cx + cy * cy;
  // Also false where a point is not a number.
  if (!(Math.abs(area) > 1e-9 * (b + c))) return false;
  const centreX = (cy * b - by * c) / area;
  const centreY = (bx * c - cx * b) / area;
  out.y = y[first]! + centreY;
  out.x = x[first]! + centreX;
  out.radius = Math.sqrt(centreX * centreX + centreY * centreY);
  return true;
}
