/** The tracks that the next frame may continue: where and when each was last seen. */
import { growFloat64 } from "./growing-array.js";

/** Plain columns, one entry a live track; pixels, frame numbers and track numbers. */
export class LiveTracks {
  count = 0;
  y = new Float64Array(0);
  x = new Float64Array(0);
  frame = new Float64Array(0);
  id = new Float64Array(0);

  add(y: number, x: number, frame: number, id: number): void {
    const at = this.count++;
    this.y = growFloat64(this.y, this.count);
    this.x = growFloat64(this.x, this.count);
    this.frame = growFloat64(this.frame, this.count);
    this.id = growFloat64(this.id, this.count);
    this.y[at] = y;
    this.x[at] = x;
    this.frame[at] = frame;
    this.id[at] = id;
  }

  /** Drops the tracks last seen before `oldest`, keeping the others in order; returns how many were dropped. */
  dropBefore(oldest: number): number {
    let kept = 0;
    for (let track = 0; track < this.count; track++) {
      if (this.frame[track]! < oldest) continue;
      if (kept !== track) {
        this.y[kept] = this.y[track]!;
        this.x[kept] = this.x[track]!;
        this.frame[kept] = this.frame[track]!;
        this.id[kept] = this.id[track]!;
      }
      kept++;
    }
    const dropped = this.count - kept;
    this.count = kept;
    return dropped;
  }
}
