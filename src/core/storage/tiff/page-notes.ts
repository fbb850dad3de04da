/** What Mote wrote into the descriptions of a TIFF's pages (describe-page.ts), read back; nothing of files of other programs. */
import type { FrameHeader } from "../../model/frame-header.js";

export interface PageNotes {
  readonly frameNumber: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** On the first page: what is true of the stream. */
  readonly stream: Readonly<Record<string, unknown>> | undefined;
}

/** The notes in a description: its JSON, or in an OME-TIFF the comment of the OME-XML. Undefined when there are none. */
export function parsePageNotes(description: string): PageNotes | undefined {
  const comment = /<CommentAnnotation[^>]*Namespace="mote"[^>]*><Value>([^<]*)<\/Value>/.exec(description)?.[1];
  const json = comment === undefined ? description : unescapeXml(comment);
  if (!json.startsWith('{"frame_number"')) return undefined;
  try {
    const fields = JSON.parse(json) as Record<string, unknown>;
    const frameNumber = fields.frame_number;
    if (!Number.isSafeInteger(frameNumber) || (frameNumber as number) < 0) return undefined;
    const stream = typeof fields.stream === "object" ? (fields.stream as Record<string, unknown>) : undefined;
    return { frameNumber: frameNumber as number, fields, stream };
  } catch {
    return undefined;
  }
}

function unescapeXml(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** Puts what the notes know into a frame's header. */
export function applyPageNotes(header: FrameHeader, { frameNumber, fields }: PageNotes): void {
  const number = (name: string) => (typeof fields[name] === "number" ? (fields[name] as number) : undefined);
  header.frameNumber = frameNumber;
  header.deviceFrameNumber = number("device_frame_number") ?? header.deviceFrameNumber;
  const captured = fields.captured_at_ns;
  if (typeof captured === "string" && /^-?\d{1,19}$/.test(captured)) header.capturedAtNs = BigInt(captured);
  header.exposureMs = number("exposure_ms") ?? Number.NaN;
  header.stageXUm = number("stage_x_um") ?? Number.NaN;
  header.stageYUm = number("stage_y_um") ?? Number.NaN;
  header.stageZUm = number("stage_z_um") ?? Number.NaN;
  header.channelIndex = number("channel_index") ?? 0;
  header.zIndex = number("z_index") ?? 0;
  header.positionIndex = number("position_index") ?? 0;
}
