import { isAmbiguous, isRefusal } from '../storpool/errors.ts'

/** The object, or undefined where StorPool says there is none of that name. */
export const orAbsent = async <T>(read: Promise<T>): Promise<T | undefined> => {
  try {
    return await read
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return undefined
    throw error
  }
}

/**
 * After a change whose answer was lost: look once. Finding what was asked for settles it; a look that fails
 * leaves the first doubt standing, because that is what the caller has to know.
 *
 * @returns what `look` found, undefined where it found nothing.
 */
export const lookAfter = async <T>(
  doubt: unknown,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> => {
  if (!isAmbiguous(doubt)) return look()
  try {
    return await look()
  } catch {
    throw doubt
  }
}
