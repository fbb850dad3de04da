/** One number for each axis of an image, slowest first in text ("y,x"); pixels unless said otherwise. */
export interface PerAxis {
  readonly y: number;
  readonly x: number;
}
