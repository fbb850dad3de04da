/** A CRC-32 as it stands in names and lines: eight hexadecimal digits. */
export function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
