/** The options of an HDF5 archive. */
import { type OptionsOf, option } from "../../option/option.js";
import { type Hdf5Filter, hdf5FilterNames } from "./filters.js";

export interface Hdf5Settings {
  readonly filter: Hdf5Filter;
}

export const defaultHdf5: Hdf5Settings = { filter: "zstd" };

export const h5Options = {
  hdf5Filter: option.choice(hdf5FilterNames, {
    doc: "Compression of the frames in .h5: gzip and none open everywhere, the others where the HDF5 plugins are installed.",
    default: defaultHdf5.filter,
  }),
};

export function h5Settings(o: OptionsOf<typeof h5Options>): Hdf5Settings {
  return { filter: o.hdf5Filter };
}
