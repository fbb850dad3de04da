/** Metadata of stored frames: columns beside a stack (/images/frame_number and so on), attributes of a frame on its own. */
import type { Frame } from "../../../memory/frame.js";
import { checksumOf } from "../../../memory/pixel-checksum.js";
import type { FrameHeader } from "../../../model/frame-header.js";
import type { GrowingDataset, H5Writer } from "./h5-writer.js";

/** In the order of the file; integers are int64, the others float64. */
export const frameFields = {
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
  binning_x: (header) => BigInt(header.binningX),
  binning_y: (header) => BigInt(header.binningY),
} as const satisfies Readonly<Record<string, (header: FrameHeader) => bigint | number>>;

export type FrameField = keyof typeof frameFields;

const timeOf = { captured_at_ns: "capturedAtNs", received_at_ns: "receivedAtNs" } as const;
const numberOf = {
  frame_number: "frameNumber",
  device_frame_number: "deviceFrameNumber",
  source_index: "sourceIndex",
  channel_index: "channelIndex",
  z_index: "zIndex",
  position_index: "positionIndex",
  exposure_ms: "exposureMs",
  temperature_c: "temperatureC",
  stage_x_um: "stageXUm",
  stage_y_um: "stageYUm",
  stage_z_um: "stageZUm",
  roi_x: "roiX",
  roi_y: "roiY",
  binning_x: "binningX",
  binning_y: "binningY",
} as const satisfies Readonly<Record<Exclude<FrameField, keyof typeof timeOf>, keyof FrameHeader>>;

/** Puts a value that was read back into the header; a name that is none of the fields is passed over. */
export function setFrameField(header: FrameHeader, name: string, value: number | bigint): void {
  if (name in timeOf && typeof value === "bigint") header[timeOf[name as keyof typeof timeOf]] = value;
  else if (name in numberOf) header[numberOf[name as keyof typeof numberOf]] = Number(value);
}

const isReal = new Set<string>(["exposure_ms", "temperature_c", "stage_x_um", "stage_y_um", "stage_z_um"]);
/** 2 KiB a chunk: it is written again for every frame until it is full. */
const chunkRows = 256;

/** CRC-32 of the frame's pixels (zlib's; the rows tightly packed, little-endian): a column, or an attribute of a frame on its own. */
export const checksumField = "pixels_crc32";

/** Makes the columns; the function returned appends a frame's values. */
export function createFrameColumns(file: H5Writer): (frame: Frame) => void {
  const datasets: [GrowingDataset, (header: FrameHeader) => bigint | number][] = [];
  for (const [name, read] of Object.entries(frameFields)) {
    datasets.push([file.growing(`/images/${name}`, isReal.has(name) ? "<d" : "<q", [], chunkRows), read]);
  }
  const checksums = file.growing(`/images/${checksumField}`, "<I", [], chunkRows);
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  return (frame) => {
    view.setUint32(0, checksumOf(frame), true);
    file.append(checksums, bytes.subarray(0, 4), 1);
    for (const [dataset, read] of datasets) {
      const value = read(frame.header);
      if (typeof value === "bigint") view.setBigInt64(0, value, true);
      else view.setFloat64(0, value, true);
      file.append(dataset, bytes, 1);
    }
  };
}
