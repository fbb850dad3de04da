import type { Format } from "../format.js";

export const png: Format = {
  name: "image",
  isNamed: ({ isFolder, extension }) => !isFolder && extension === ".png",
  isContained: () => false,
  replay: { extensions: [".png"], load: async () => (await import("./read.js")).pngFile },
  async verify() {
    const [{ imageVerifier }, { pngFile }] = await Promise.all([import("../../verify/image.js"), import("./read.js")]);
    // A PNG has a CRC-32 over every chunk, which its decoder compares.
    return imageVerifier(pngFile, { hasChecksums: true });
  },
};
