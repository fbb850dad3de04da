/** Frames into a folder of JPEG XL files: what works on bytes for `compress`. */
import type { Compressor, CompressPlan } from "../compression.js";
import type { JxlPlan } from "./compress-options.js";
import { encodeFrame, type FrameCodec } from "./encode-frame.js";
import { storeEncoded } from "./encoded-product.js";
import { fixedPlace, openPlace, placeCheck } from "./folder-place.js";
import { isThere, openFrameFolder, readResumed } from "./frame-folder.js";
import { createSourceFiles } from "./source-files.js";

/** One verified frame in so many is decoded by libjxl, the others by our own decoder where it can. */
const secondOpinionEvery = 64;

export const jxlCompressor: Compressor = {
  check: (plan, input) => placeCheck(ofJxl(plan), input),
  open(given, { descriptor, startedAtNs, warn, mayTryAgain }) {
    const plan = ofJxl(given);
    const sources = createSourceFiles(plan.deleteSource, warn);
    const place = openPlace(plan, startedAtNs);
    try {
      const folder = openFrameFolder({
        ...place,
        isResumed: plan.resume,
        descriptor,
        startedAtNs,
        verifyEvery: plan.verifyEvery,
        sources,
        openCodec: () => openCodec(plan),
        warn,
        mayTryAgain,
      });
      return {
        ...folder,
        folder: place.folder,
        firstName: place.names.nameOf(0),
        isNamedByRoot: plan.root !== null,
        sources: sources.counts,
        close() {
          folder.close();
          place.release();
        },
      };
    } catch (error) {
      place.release();
      throw error;
    }
  },
  async openCoder(given, { descriptor, startedAtNs }) {
    const plan = ofJxl(given);
    const codec = await openCodec(plan);
    const { where, folder, journal } = fixedPlace(plan, startedAtNs);
    const done = plan.resume ? readResumed(where, folder, journal)?.byFrame : undefined;
    return {
      code(frame, product) {
        if (!product || isThere(folder, done?.get(frame.header.frameNumber))) return;
        try {
          storeEncoded(product, encodeFrame(codec, frame, descriptor.shape, plan.verifyEvery));
        } catch {
          // The serial part tries again with a fresh codec, and says what became of it.
        }
      },
    };
  },
};

/** The settings in a plan are those that this format's options came to. */
function ofJxl(plan: CompressPlan): JxlPlan {
  return plan as JxlPlan;
}

async function openCodec({ effort, encoder }: Pick<JxlPlan, "effort" | "encoder">): Promise<FrameCodec> {
  const { openJxlDecoder, openJxlEncoder } = await import("../../../codecs/jxl/jxl-codec.js");
  const decoder = await openJxlDecoder(secondOpinionEvery);
  if (encoder === "libjxl") return { encoder: await openJxlEncoder(effort), decoder };
  const { openCjxlEncoder } = await import("../../../codecs/jxl/cjxl-encoder.js");
  return { encoder: openCjxlEncoder(effort), decoder };
}
