/** Metadata of stored frames as columns beside them: /images/frame_number and so on, one value a frame. */
import type { Frame } from "../../memory/frame.js";
import type { FrameHeader } from "../../model/frame-header.js";
import type { GrowingDataset, H5Writer } from "./h5-writer.js";

const columns = {
  frame_number: (header) => BigInt(header.frameNumber),
  device_frame_number: (header) => BigInt(header.deviceFrameNumber),
  captured_at_ns: (header) => header.capturedAtNs,
  received_at_ns: (header) => header.receivedAtNs,
  source_index: (header) => BigInt(header.sourceIndex),
  channel_index: (header) => BigInt(header.channelIndex),
  z_index: (header) => BigInt(header.zIndex),
  position_index: (header) => BigInt(header.positionIndex),
  exposure_ms: (header) => header.exposureMs,
  temperature_c: (header) => header.temperatureC,
  stage_x_um: (header) => header.stageXUm,
  stage_y_um: (header) => header.stageYUm,
  stage_z_um: (header) => header.stageZUm,
  roi_x: (header) => BigInt(header.roiX),
  roi_y: (header) => BigInt(header.roiY),
} as const satisfies Readonly<Record<string, (header: FrameHeader) => bigint | number>>;

const isReal = new Set(["exposure_ms", "temperature_c", "stage_x_um", "stage_y_um", "stage_z_um"]);
const chunkRows = 1024;

/** Makes the columns; the function returned appends a frame's values. */
export function createFrameColumns(file: H5Writer): (frame: Frame) => void {
  const datasets: [GrowingDataset, (header: FrameHeader) => bigint | number][] = [];
  for (const [name, read] of Object.entries(columns)) {
    datasets.push([file.growing(`/images/${name}`, isReal.has(name) ? "<d" : "<q", [], chunkRows), read]);
  }
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  return ({ header }) => {
    for (const [dataset, read] of datasets) {
      const value = read(header);
      if (typeof value === "bigint") view.setBigInt64(0, value, true);
      else view.setFloat64(0, value, true);
      file.append(dataset, bytes, 1);
    }
  };
}
