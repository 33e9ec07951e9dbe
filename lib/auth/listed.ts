import type * as z from 'zod'
import { DriverError } from '../errors.ts'
import { jsonIn } from '../json.ts'
import { remembered } from './remembered.ts'

/** Milliseconds for which a list is gone by: somebody taken out of it is refused within that time. */
const KEPT_MS = 60_000

/** A list of callers as it is configured. */
export interface Listed {
  /** The setting it comes from, to be named in errors. */
  readonly setting: string
  /** @throws DriverError BackendUnavailable: it cannot be read. */
  readonly read: () => Promise<string>
}

/**
 * What a list says, read anew each minute.
 *
 * @throws DriverError VolumeBackendError: it is something else; what, is not repeated.
 */
export const listed = <T>({ setting, read }: Listed, schema: z.ZodType<T>): (() => Promise<T>) => {
  const kept = remembered<T>(1)
  return () =>
    kept('', async () => {
      const result = schema.safeParse(jsonIn(await read()))
      if (result.success) return { value: result.data, until: Date.now() + KEPT_MS }
      // The path of an issue would name a token.
      const what = [...new Set(result.error.issues.map(({ path, message }) => wordsOf(path, message)))]
      throw new DriverError('VolumeBackendError', `${setting} is wrong: ${what.join('; ')}`, {
        remedy: `Correct ${setting}; docs/auth.md has an example.`,
      })
    })
}

const wordsOf = (path: readonly PropertyKey[], message: string): string => {
  const field = path.at(1)
  return field === undefined ? `it ${message}` : `${String(field)} of an entry: ${message}`
}
