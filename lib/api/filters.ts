import * as z from 'zod'
import { badRequest } from '../volumes/refusal.ts'

/** A value as queries write it. */
export const text = (value: string | number | boolean | null) => String(value)
export const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

/** `{'k': 'v'}`, as Python writes a dictionary, or JSON. */
const pairsOf = (written: string): Record<string, string> => {
  try {
    return z
      .record(z.string(), z.coerce.string())
      .parse(JSON.parse(written.replaceAll("'", '"').replaceAll('u"', '"')))
  } catch {
    throw badRequest(`Filters by metadata must be like {'key': 'value'}, not ${written.slice(0, 100)}.`)
  }
}

/** @throws ApiError 400: `written` is no dictionary. */
export const hasPairs = (metadata: Readonly<Record<string, string>>, written: string) =>
  Object.entries(pairsOf(written)).every(([key, value]) => metadata[key] === value)
