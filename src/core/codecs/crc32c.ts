/** CRC-32C (Castagnoli; RFC 3720, section 12.1), the checksum of Zarr's codec "crc32c". */

/** Eight tables: a byte's remainder with 0 to 7 zero bytes behind it. */
const tables = (() => {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
    all[0]![byte] = remainder;
  }
  for (let zeros = 1; zeros < 8; zeros++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = all[zeros - 1]![byte]!;
      all[zeros]![byte] = (before >>> 8) ^ all[0]![before & 255]!;
    }
  }
  return all as [Uint32Array, ...Uint32Array[]];
})();

/** The checksum of all bytes, 0 to 2^32 - 1; of none it is 0. */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as Uint32Array[] & { length: 8 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = 0xffffffff;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = view.getUint32(at, true) ^ crc;
    const high = view.getUint32(at + 4, true);
    crc =
      t7![low & 255]! ^
      t6![(low >>> 8) & 255]! ^
      t5![(low >>> 16) & 255]! ^
      t4![low >>> 24]! ^
      t3![high & 255]! ^
      t2![(high >>> 8) & 255]! ^
      t1![(high >>> 16) & 255]! ^
      t0![high >>> 24]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0![(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}
