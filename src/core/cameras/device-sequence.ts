/** Follows a device's own frame counter: what is the next frame's number, what was lost before it, what came twice. */

export type Arrival =
  | { readonly isDuplicate: true }
  | {
      readonly isDuplicate: false;
      /** Number in the stream: the device's number minus its first. */
      readonly frameNumber: number;
      /** Frames that the device counted and nobody received, directly before this one. */
      readonly lostBefore: number;
    };

export class DeviceSequence {
  #first: number;
  #next: number;

  /** `first` where the device's first number is known; otherwise it is that of the first frame that arrives. */
  constructor(first = Number.NaN) {
    this.#first = first;
    this.#next = first;
  }

  /** The number that the next frame has if nothing is lost; NaN before the first when it is not known. */
  get expected(): number {
    return this.#next;
  }

  /** Takes the number of a frame that arrived. A counter that stands still or goes back is taken as a repetition. */
  arrive(deviceFrameNumber: number): Arrival {
    if (Number.isNaN(this.#next)) {
      this.#first = deviceFrameNumber;
      this.#next = deviceFrameNumber;
    }
    if (deviceFrameNumber < this.#next) return { isDuplicate: true };
    const lostBefore = deviceFrameNumber - this.#next;
    this.#next = deviceFrameNumber + 1;
    return { isDuplicate: false, frameNumber: deviceFrameNumber - this.#first, lostBefore };
  }
}
