/** Typed arrays that are kept from frame to frame and replaced by larger ones when a frame needs more. */

/** Half as much again, so that a slowly growing scene does not reallocate at every frame. */
function capacityFor(length: number): number {
  return Math.max(64, length + (length >> 1));
}

/** `array` when it holds `length` elements, else a larger copy that keeps the old elements. */
export function growFloat64(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const larger = new Float64Array(capacityFor(length));
  larger.set(array);
  return larger;
}

/** `array` when it holds `length` elements, else a larger copy that keeps the old elements. */
export function growInt32(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const larger = new Int32Array(capacityFor(length));
  larger.set(array);
  return larger;
}
