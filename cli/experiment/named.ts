/** Runs `body`; what it throws gets a name before its message, so that one run among many can be found. */
export async function named<T>(name: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof Error) error.message = `${name}: ${error.message}`
    throw error
  }
}
