/** Draws the frames of the simulated camera into pool slots; every frame depends on the seed and its number alone. */
import { borrowPixels } from "../../model/pixel-format.js";
import type { BeadField } from "./bead-field.js";
import { fillProfiles, type PatchProfiles } from "./bead-profile.js";
import { fillNormalNoise, fillSensorNoise } from "./noise-field.js";
import { purpose, Random } from "./random.js";
import type { RenderKernels } from "./render-kernel.js";
import { type ScratchLayout, scratchLayout, shotSamples } from "./scratch-layout.js";
import { brightestGrey, patchRadius, type SimSettings, simPixelFormat } from "./settings.js";

/** Rows of background drawn at a time: a part of the second-level cache. */
const bandRows = 32;

export class Renderer {
  readonly #settings: SimSettings;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: RenderKernels;
  readonly #scratch: number;
  readonly #layout: ScratchLayout;
  readonly #rowStarts: Uint32Array;
  readonly #profiles: PatchProfiles;
  readonly #random: Random;
  #order: Int32Array = new Int32Array(0);
  readonly #hotPixels: readonly { readonly at: number; readonly level: number }[];

  /** Draws the noise, about 50 ms for a large frame. */
  constructor(settings: SimSettings, memory: WebAssembly.Memory, scratchOffset: number, kernels: RenderKernels) {
    this.#settings = settings;
    this.#memory = memory;
    this.#kernels = kernels;
    this.#scratch = scratchOffset;
    this.#layout = scratchLayout(settings);
    const { fieldSamples, patchEdge, shotAt, rowStartsAt, profilesAt } = this.#layout;
    const { seed, shape, background, gain, readNoise } = settings;
    const field = new Int16Array(memory.buffer, scratchOffset, fieldSamples + shape.width + 64);
    const drawn = field.subarray(0, fieldSamples);
    fillSensorNoise(drawn, background * gain, readNoise, new Random(seed, purpose.background));
    for (let at = fieldSamples; at < field.length; at++) field[at] = field[at - fieldSamples]!;
    const shot = new Int16Array(memory.buffer, scratchOffset + shotAt, shotSamples + patchEdge * patchEdge);
    fillNormalNoise(shot, new Random(seed, purpose.shot));
    this.#rowStarts = new Uint32Array(memory.buffer, scratchOffset + rowStartsAt, shape.height);
    const profile = (index: number) => new Float32Array(memory.buffer, this.#profileAt(profilesAt, index), patchEdge);
    this.#profiles = { columns: profile(0), columnMoments: profile(1), rows: profile(2), rowMoments: profile(3) };
    this.#random = new Random(seed, purpose.rows);
    this.#hotPixels = placeHotPixels(settings);
  }

  /** Draws frame `frameNumber` with the beads as they are now, at byte `offset` of the shared memory. */
  render(frameNumber: number, beads: BeadField, offset: number): void {
    const { seed, shape, background, gradient, gain, offset: dark, readNoise } = this.#settings;
    const { fieldSamples, backgroundAt, rowStartsAt } = this.#layout;
    const most = brightestGrey(this.#settings);
    this.#random.restart(seed, purpose.rows, frameNumber);
    for (let y = 0; y < shape.height; y++) this.#rowStarts[y] = this.#random.below(fieldSamples);
    const slopeY = shape.height > 1 ? gradient.y / (shape.height - 1) : 0;
    const slopeX = shape.width > 1 ? gradient.x / (shape.width - 1) : 0;
    const mean = dark + background - (gradient.y + gradient.x) / 2;
    const isWide = simPixelFormat(this.#settings) === "uint16";
    const renderBackground = isWide ? this.#kernels.renderBackground_u16 : this.#kernels.renderBackground_u8;
    const addBead = isWide ? this.#kernels.addBead_u16 : this.#kernels.addBead_u8;
    const rowBytes = shape.width * (isWide ? 2 : 1);
    let ready = 0;
    const readyTo = (row: number) => {
      if (row <= ready) return;
      const end = Math.min(shape.height, Math.ceil(row / bandRows) * bandRows);
      renderBackground(
        offset + ready * rowBytes,
        shape.width,
        end - ready,
        this.#scratch + backgroundAt,
        this.#scratch + rowStartsAt + 4 * ready,
        mean + slopeY * ready,
        slopeY,
        slopeX,
        (readNoise / gain) ** 2 - dark / gain,
        1 / gain,
        most,
      );
      ready = end;
    };
    // From top to bottom, each bead onto rows that were drawn just before and are still in the cache.
    if (this.#order.length !== beads.count) this.#order = orderByRow(beads);
    else this.#sortByRow(beads);
    for (let index = 0; index < beads.count; index++) {
      this.#addBead(beads, this.#order[index]!, offset, most, rowBytes, addBead, readyTo);
    }
    readyTo(shape.height);
    this.#setHotPixels(offset, most);
  }

  #addBead(
    beads: BeadField,
    bead: number,
    offset: number,
    most: number,
    rowBytes: number,
    addBead: RenderKernels["addBead_u16"],
    readyTo: (row: number) => void,
  ): void {
    const { shape } = this.#settings;
    const { shotAt, profilesAt } = this.#layout;
    const amplitude = beads.amplitude[bead]!;
    const noiseStart = this.#random.below(shotSamples);
    if (amplitude <= 0) return;
    const radius = patchRadius(this.#settings, amplitude);
    const [y, x] = [beads.y[bead]!, beads.x[bead]!];
    const top = Math.max(0, Math.round(y) - radius);
    const left = Math.max(0, Math.round(x) - radius);
    const height = Math.min(shape.height, Math.round(y) + radius + 1) - top;
    // Whole vectors of four, unless the frame's edge is in the way.
    const width = Math.min(shape.width - left, Math.ceil((Math.round(x) + radius + 1 - left) / 4) * 4);
    if (height <= 0 || width <= 0) return;
    readyTo(top + height);
    fillProfiles(this.#profiles, this.#settings, amplitude, y - top, x - left, height, width);
    addBead(
      offset + top * rowBytes + left * (rowBytes / shape.width),
      shape.width,
      width,
      height,
      this.#profileAt(profilesAt, 0),
      this.#profileAt(profilesAt, 1),
      this.#profileAt(profilesAt, 2),
      this.#profileAt(profilesAt, 3),
      this.#scratch + shotAt + 2 * noiseStart,
      1 / this.#settings.gain,
      most,
    );
  }

  /** Orders the beads by y (of equals by number); insertion sort, since they move little from frame to frame. */
  #sortByRow(beads: BeadField): void {
    const order = this.#order;
    const { y } = beads;
    for (let index = 1; index < order.length; index++) {
      const bead = order[index]!;
      let at = index;
      while (at > 0 && (y[order[at - 1]!]! > y[bead]! || (y[order[at - 1]!] === y[bead] && order[at - 1]! > bead))) {
        order[at] = order[at - 1]!;
        at--;
      }
      order[at] = bead;
    }
  }

  #setHotPixels(offset: number, most: number): void {
    if (this.#hotPixels.length === 0) return;
    const { shape, gain } = this.#settings;
    const pixels = borrowPixels(
      simPixelFormat(this.#settings),
      this.#memory.buffer,
      offset,
      shape.height * shape.width,
    );
    for (const { at, level } of this.#hotPixels) {
      const value = Math.round(level + Math.sqrt(level / gain) * this.#random.normal());
      pixels[at] = Math.min(most, Math.max(0, value));
    }
  }

  #profileAt(profilesAt: number, index: number): number {
    return this.#scratch + profilesAt + index * Math.ceil((this.#layout.patchEdge * 4) / 64) * 64;
  }
}

/** Hot pixels stay where they are, each at a level of its own between a tenth of the range and all of it. */
function placeHotPixels(settings: SimSettings): { at: number; level: number }[] {
  const random = new Random(settings.seed, purpose.hotPixels);
  return Array.from({ length: settings.hotPixels }, () => ({
    at: random.below(settings.shape.height * settings.shape.width),
    level: brightestGrey(settings) * (0.1 + 0.9 * random.uniform()),
  }));
}

function orderByRow(beads: BeadField): Int32Array {
  return Int32Array.from({ length: beads.count }, (_, bead) => bead).sort((a, b) => beads.y[a]! - beads.y[b]! || a - b);
}
