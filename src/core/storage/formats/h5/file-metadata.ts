/** What a file says of the run it comes from, as attributes of /metadata, most of them JSON text. */
import { arch, cpus, platform, release, totalmem } from "node:os";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { Hdf5Settings } from "./h5-options.js";
import type { H5Writer } from "./h5-writer.js";
import { checksumsName, coveredTexts } from "./value-checksums.js";

const isOpen = Uint8Array.of(0);

/** Makes the groups of a new file, too. Returns the texts that stay as they are: the first of `coveredTexts`. */
export function writeMetadata(file: H5Writer, descriptor: StreamDescriptor, settings: Hdf5Settings): readonly string[] {
  const { producedBy, detections, isLinked, ...acquisition } = descriptor;
  const track = producedBy.find((step) => step.stage === "track");
  file.group("/metadata");
  file.attribute("/metadata", "is_complete", isOpen);
  file.attribute("/metadata", "layout", settings.layout);
  const texts = {
    acquisition_params: JSON.stringify({ ...acquisition, producedBy }),
    tracking_config: JSON.stringify(track ? { ...track.options, isLinked, columns: detections?.columns ?? [] } : {}),
    system_info: JSON.stringify({
      platform: platform(),
      release: release(),
      architecture: arch(),
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
    }),
  };
  for (const [name, text] of Object.entries(texts)) file.attribute("/metadata", name, text);
  file.attribute("/metadata", "processing_metrics", "{}");
  file.attribute("/metadata", checksumsName, "{}");
  if (descriptor.hasFrames) file.group("/images");
  if (detections) file.group("/tracks");
  return coveredTexts.flatMap((name) => (name in texts ? [texts[name as keyof typeof texts]] : []));
}
