/** Where the beads are, frame by frame: seeded Brownian motion with drift in a view that beads leave and enter. */
import { purpose, Random } from "./random.js";
import { patchRadius, type SimSettings } from "./settings.js";

/** Tries to place a bead away from the others before it is placed anyway. */
const placingTries = 20;

export class BeadField {
  readonly count: number;
  /** Pixels, origin at the centre of the top-left pixel. */
  readonly y: Float64Array;
  readonly x: Float64Array;
  /** Grey levels of the brightest point in this frame; 0 where the bead is dark. */
  readonly amplitude: Float64Array;
  /** Identity: a bead that leaves the view returns at the opposite edge as a new one. */
  readonly identity: Int32Array;
  /** How far beyond the frame a bead still sheds light into it, px. */
  readonly margin: number;
  readonly #settings: SimSettings;
  readonly #fullAmplitude: Float64Array;
  readonly #motion: Random;
  readonly #blink: Random;
  #identities: number;

  /** Places `settings.beads` beads inside the frame, six sigma apart where there is room. */
  constructor(settings: SimSettings) {
    this.#settings = settings;
    this.count = settings.beads;
    this.#identities = settings.beads;
    this.y = new Float64Array(this.count);
    this.x = new Float64Array(this.count);
    this.amplitude = new Float64Array(this.count);
    this.identity = Int32Array.from({ length: this.count }, (_, bead) => bead);
    this.margin = patchRadius(settings, settings.amplitude * (1 + settings.amplitudeSpread));
    this.#fullAmplitude = new Float64Array(this.count);
    this.#motion = new Random(settings.seed, purpose.motion);
    this.#blink = new Random(settings.seed, purpose.blink);
    this.#place(new Random(settings.seed, purpose.beads));
    this.#lightUp();
  }

  /** Moves every bead on by one frame. */
  step(): void {
    const { diffusion, drift, shape } = this.#settings;
    const deviation = Math.sqrt(2 * diffusion);
    for (let bead = 0; bead < this.count; bead++) {
      this.y[bead] = this.y[bead]! + drift.y + deviation * this.#motion.normal();
      this.x[bead] = this.x[bead]! + drift.x + deviation * this.#motion.normal();
      this.#wrap(this.y, bead, shape.height);
      this.#wrap(this.x, bead, shape.width);
    }
    this.#lightUp();
  }

  #wrap(positions: Float64Array, bead: number, length: number): void {
    const period = length - 1 + 2 * this.margin;
    const from = positions[bead]! + this.margin;
    if (from >= 0 && from < period) return;
    positions[bead] = from - period * Math.floor(from / period) - this.margin;
    this.identity[bead] = this.#identities++;
  }

  #lightUp(): void {
    const { blink } = this.#settings;
    for (let bead = 0; bead < this.count; bead++) {
      const isDark = blink > 0 && this.#blink.uniform() < blink;
      this.amplitude[bead] = isDark ? 0 : this.#fullAmplitude[bead]!;
    }
  }

  #place(random: Random): void {
    const { shape, beadSigma, amplitude, amplitudeSpread } = this.#settings;
    const apart = 6 * beadSigma;
    const cells = new Map<number, number[]>();
    const cellsAcross = Math.ceil(shape.width / apart) + 2;
    for (let bead = 0; bead < this.count; bead++) {
      let y = 0;
      let x = 0;
      for (let attempt = 0; attempt < placingTries; attempt++) {
        y = random.uniform() * (shape.height - 1);
        x = random.uniform() * (shape.width - 1);
        if (!this.#hasNeighbour(cells, cellsAcross, apart, y, x)) break;
      }
      const cell = (Math.floor(y / apart) + 1) * cellsAcross + Math.floor(x / apart) + 1;
      cells.set(cell, [...(cells.get(cell) ?? []), bead]);
      this.y[bead] = y;
      this.x[bead] = x;
      this.#fullAmplitude[bead] = amplitude * (1 + amplitudeSpread * (2 * random.uniform() - 1));
    }
  }

  #hasNeighbour(cells: Map<number, number[]>, across: number, apart: number, y: number, x: number): boolean {
    for (let row = Math.floor(y / apart); row <= Math.floor(y / apart) + 2; row++) {
      for (let column = Math.floor(x / apart); column <= Math.floor(x / apart) + 2; column++) {
        for (const bead of cells.get(row * across + column) ?? []) {
          if ((this.y[bead]! - y) ** 2 + (this.x[bead]! - x) ** 2 < apart * apart) return true;
        }
      }
    }
    return false;
  }
}
