/** Opens something over a source, and closes the source again if that fails. */
export async function closeOnFailure<Opened>(source: { close(): void }, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    source.close();
    throw error;
  }
}
