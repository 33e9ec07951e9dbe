import * as z from 'zod'
import { Connector } from '../driver/model.ts'
import { invalidInput } from '../volumes/refusal.ts'

/** What a host says of itself, before anybody knows whether it is enough. */
export const GivenConnector = z.record(z.string(), z.unknown())

/** A connector with all that StorPool needs. @throws ApiError 400, naming what is missing. */
export const UsableConnector = (given: Readonly<Record<string, unknown>>): Connector => {
  const parsed = Connector.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const key = String(issue?.path[0] ?? 'host')
  if (given[key] === undefined) throw invalidInput(`Connector doesn't have required information: ${key}`)
  throw invalidInput(`Connector's ${key} cannot be used: ${issue?.message ?? 'it is not text'}`)
}
