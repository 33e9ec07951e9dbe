const isPresent = (value: unknown): boolean => value !== null && value !== undefined

/** Members and elements that are null or undefined left out, all the way down. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter(isPresent).map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => isPresent(member))
      .map(([key, member]) => [key, withoutNulls(member)]),
  )
}

/**
 * A request's body as the bytes to send, on the first try and on every other. Nulls are left out: StorPool may
 * refuse them as members it does not know.
 *
 * @see python-storpool 7.3.0, README.rst (5.1.0) and spapi.py `clear_none`
 */
export const bytesOf = (body: object): Buffer => Buffer.from(JSON.stringify(withoutNulls(body)))
