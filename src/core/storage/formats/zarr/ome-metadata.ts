/** The attribute "ome" of an image (OME-Zarr 0.5, sections "multiscales" and "omero"), from what a stream says of itself. */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { JsonObject } from "../../../model/json.js";

/** Grey levels a viewer shows from black to white. */
export interface DisplayRange {
  readonly start: number;
  readonly end: number;
}

export const imageAxes = ["t", "y", "x"] as const;

/**
 * Axes are t, y, x: frames in the order they came. Planes of several channels or depths stand one after the other too;
 * images/channel_index and images/z_index say which. Lengths and times without a known unit count pixels and frames.
 * Level n has pixels of 2^n and is shifted by half of what they are larger, since 2x2 pixels become one at their centre.
 */
export function omeAttributes(
  name: string,
  descriptor: StreamDescriptor,
  levels: number,
  range: DisplayRange,
): JsonObject {
  const { pixelSizeUm, rateHz } = descriptor;
  const pixel = pixelSizeUm ?? 1;
  const interval = rateHz !== null && rateHz > 0 ? 1 / rateHz : 1;
  const length = pixelSizeUm === null ? {} : { unit: "micrometer" };
  const time = rateHz !== null && rateHz > 0 ? { unit: "second" } : {};
  return {
    version: "0.5",
    multiscales: [
      {
        name,
        axes: [
          { name: "t", type: "time", ...time },
          { name: "y", type: "space", ...length },
          { name: "x", type: "space", ...length },
        ],
        datasets: Array.from({ length: levels }, (_, level) => {
          const scale = { type: "scale", scale: [interval, pixel * 2 ** level, pixel * 2 ** level] };
          const shift = ((2 ** level - 1) / 2) * pixel;
          const translation = { type: "translation", translation: [0, shift, shift] };
          return { path: String(level), coordinateTransformations: level === 0 ? [scale] : [scale, translation] };
        }),
        ...(levels > 1
          ? { type: "mean", metadata: { description: "Mean of 2x2 pixels; of those there are at an odd edge." } }
          : {}),
      },
    ],
    omero: {
      channels: [
        {
          label: channelName(descriptor),
          color: "FFFFFF",
          active: true,
          coefficient: 1,
          family: "linear",
          inverted: false,
          window: {
            min: Math.min(0, range.start),
            max: Math.max(descriptor.pixelFormat === "float32" ? 1 : 2 ** descriptor.bitDepth - 1, range.end),
            ...range,
          },
        },
      ],
      rdefs: { model: "greyscale", defaultT: 0, defaultZ: 0 },
    },
  };
}

/** The source's own word for its channel or itself. */
function channelName({ source }: StreamDescriptor): string {
  for (const name of [source.channel, source.camera]) if (typeof name === "string" && name !== "") return name;
  return "frames";
}
