/** Codes the strips of a frame with several threads; the bytes do not depend on how many. */
import type { Frame } from "../../../memory/frame.js";
import { frameBytes, type StreamDescriptor } from "../../../model/descriptor.js";
import { type Crew, openCrew } from "../../../workers/crew.js";
import { layStrips, type StripLayout } from "./strip-layout.js";
import * as task from "./strip-task.js";
import type { TiffSettings } from "./tiff-options.js";

export interface StripEncoder {
  readonly layout: StripLayout;
  /** The strips of a frame in their order, valid until the next call or until the frame is given back. */
  encode(frame: Frame): Promise<readonly Uint8Array[]>;
  /** Ends its threads. */
  close(): Promise<void>;
}

export interface StripEncoderPlan {
  readonly descriptor: StreamDescriptor;
  readonly settings: TiffSettings;
  /** Threads that compress; more than there are strips are not started. */
  readonly workers: number;
  warn?(text: string): void;
}

export function createStripEncoder({ descriptor, settings, workers, warn }: StripEncoderPlan): StripEncoder {
  const { shape, pixelFormat } = descriptor;
  const wholeBytes = frameBytes(descriptor);
  const layout = layStrips(shape, pixelFormat, settings);
  const { count, mostBytes } = layout;

  if (settings.compression === "none") {
    return {
      layout,
      encode: async ({ pixels }) => [new Uint8Array(pixels.buffer, pixels.byteOffset, wholeBytes)],
      async close() {},
    };
  }

  const coded = new SharedArrayBuffer(count * mostBytes);
  const codedBytes = new Int32Array(new SharedArrayBuffer(count * 4));
  let crew: Crew | undefined;
  let memory: ArrayBufferLike | undefined;

  /** All frames of a run lie in one memory, which the first one shows. */
  async function crewFor(buffer: ArrayBufferLike): Promise<Crew> {
    if (crew && memory === buffer) return crew;
    await crew?.close();
    memory = buffer;
    crew = await openCrew({
      name: "tiff",
      task,
      setup: { shape, pixelFormat, settings, layout, memory: buffer, coded, codedBytes },
      members: Math.min(workers, count),
      mostItems: count,
      ...(warn && { warn }),
    });
    return crew;
  }

  return {
    layout,
    async encode({ pixels }) {
      await (await crewFor(pixels.buffer)).run(count, pixels.byteOffset);
      return Array.from(codedBytes, (length, item) => new Uint8Array(coded, item * mostBytes, length));
    },
    async close() {
      await crew?.close();
      crew = undefined;
    },
  };
}
