/** What bytes are that were expected to be a frame stream, as far as their beginning tells. */

const images: readonly (readonly [name: string, beginnings: readonly string[]])[] = [
  ["a TIFF", ["49492a00", "4d4d002a", "49492b00", "4d4d002b"]],
  ["an HDF5 file", ["894844460d0a1a0a"]],
  ["a PNG", ["89504e470d0a1a0a"]],
  ["a JPEG XL image", ["ff0a", "0000000c4a584c20"]],
];

export interface Foreign {
  /** "a TIFF", "text: "frame,x,y"", "bytes 0001". */
  readonly what: string;
  /** `mote acquire` replays files that begin so. */
  readonly isReplayed: boolean;
}

export function foreignBytes(bytes: Uint8Array): Foreign {
  const hex = Buffer.from(bytes).toString("hex");
  const image = images.find(([, beginnings]) => beginnings.some((beginning) => hex.startsWith(beginning)));
  if (image) return { what: image[0], isReplayed: true };
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13);
  const what = isText ? `text: ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}` : `bytes ${hex.slice(0, 16)}`;
  return { what, isReplayed: false };
}
