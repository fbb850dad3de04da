/** Frame headers for round trips. */
import { FrameHeader } from "../../../src/core/model/frame-header.js";

/** Headers as odd as they come: every field, the ends of its range, and what is unknown. */
export function dress(header: FrameHeader, index: number): void {
  header.frameNumber = [0, 1, 7, 2 ** 40][index]!;
  if (index === 0) return;
  header.sourceIndex = index === 3 ? 0xffff_ffff : index;
  header.deviceFrameNumber = [0, -1, 0, 2 ** 52][index]!;
  header.capturedAtNs = [0n, 0n, 1_763_720_400_123_456_789n, 9_223_372_036_854_775_807n][index]!;
  header.receivedAtNs = [0n, 1_763_720_400_999_999_999n, 0n, -5n][index]!;
  header.bitDepth = 11;
  header.binningX = 2;
  header.binningY = index === 3 ? 65_535 : 4;
  header.channelIndex = index;
  header.zIndex = 2 * index;
  header.positionIndex = 3 * index;
  header.exposureMs = [0, 0.1, Number.NaN, 1e-300][index]!;
  header.temperatureC = [0, -20.05, 0, Number.NaN][index]!;
  header.roiX = [0, -7, 128, 2 ** 31 - 1][index]!;
  header.roiY = [0, 9, 64, -(2 ** 31)][index]!;
  header.stageXUm = [0, 1234.000_000_1, Number.NaN, -0.3][index]!;
  header.stageYUm = [0, 0, -1e9, 0.1 + 0.2][index]!;
  header.stageZUm = [0, Number.NaN, 5, 1 / 3][index]!;
}

export function plainHeader(header: FrameHeader): Record<string, unknown> {
  const names = Object.entries(Object.getOwnPropertyDescriptors(FrameHeader.prototype)).filter(([, { get }]) => get);
  return Object.fromEntries(names.map(([name]) => [name, header[name as keyof FrameHeader]]));
}
