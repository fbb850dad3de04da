/** Judges a descriptor that came from outside before anything is sized by it. */
import { pixelFormats } from "../model/pixel-format.js";

/** Rows or pixels a row at most; a frame at most 1 GiB. */
const maxEdgePixels = 65_536;
const maxFrameBytes = 2 ** 30;

/** What is wrong with it ("has no pixelFormat"), or undefined. */
export function descriptorFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no JSON object";
  const d = value as Record<string, unknown>;
  if (!pixelFormats.includes(d.pixelFormat as never))
    return `has the pixel format ${JSON.stringify(d.pixelFormat)}, expected ${pixelFormats.join(", ")}`;
  const shape = d.shape as { height?: unknown; width?: unknown } | undefined;
  for (const edge of [shape?.height, shape?.width]) {
    if (!Number.isInteger(edge) || (edge as number) < 1 || (edge as number) > maxEdgePixels) {
      return `has the shape ${JSON.stringify(shape)}, expected a height and a width of 1 to ${maxEdgePixels} pixels`;
    }
  }
  if ((shape!.height as number) * (shape!.width as number) * 4 > 4 * maxFrameBytes) return "has frames over 1 GiB";
  if (typeof d.hasFrames !== "boolean") return "does not say whether it hasFrames";
  if (d.detections !== null && !Array.isArray((d.detections as { columns?: unknown } | undefined)?.columns)) {
    return "has detections without columns";
  }
  if (!Array.isArray(d.producedBy)) return "does not say what it was producedBy";
  const { numberStep: step } = d;
  if (step !== undefined && !(Number.isSafeInteger(step) && (step as number) >= 1)) {
    return `has the numberStep ${JSON.stringify(step)}, expected 1 or more`;
  }
  return undefined;
}
