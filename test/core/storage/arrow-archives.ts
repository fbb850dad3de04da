/** Arrow files of a few frames and of their tables, and the same tables as CSV. */
import { basename } from "node:path";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { arrowStore } from "../../../src/core/storage/formats/arrow/arrow-store.js";
import { openCsvStore } from "../../../src/core/storage/formats/csv/csv-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";

export const tracked = fakeDescriptor();
export const frames = fakeDescriptor({ detections: null, isLinked: false });
export const counts = [3, 0, 12, 7];

/** Archives a frame for each count, with a gap behind the second. */
export async function archive(path: string, descriptor: StreamDescriptor, isClosed = true): Promise<string> {
  const geometry = fakeGeometry(descriptor);
  const name = basename(path);
  const request = { path, where: `test, ${name}`, descriptor, geometry };
  const store = name.endsWith(".csv") ? openCsvStore(request) : await arrowStore(!name.endsWith("s"))(request);
  const frame = fakeFrame(geometry);
  for (const [number, rows] of counts.entries()) {
    fillFrame(frame, descriptor, number < 2 ? number : number + 3, rows);
    if (!descriptor.detections) frame.rowCount = -1;
    if (number === 2) store.event({ event: "gap", firstFrame: 2, count: 3, reason: "device gap" });
    frame.pixelsCrc32 = -1;
    await store.append(frame);
  }
  await store.close(isClosed ? { ...end, lost: 3 } : null);
  return path;
}
