/** A column as every table of an archive has it, whatever the format: declared once, in `model/` or beside this. */
export interface TableColumn {
  readonly name: string;
  readonly type: "int64" | "float64" | "uint32" | "uint8";
  /** Null for a number without one. */
  readonly unit: string | null;
  readonly meaning: string;
}

/** Bytes of a value, little-endian. */
export const typeBytes: Readonly<Record<TableColumn["type"], number>> = { int64: 8, float64: 8, uint32: 4, uint8: 1 };
