import * as z from 'zod'
import { Pairs } from './fields.ts'

const All = z.strictObject({ metadata: Pairs })
const One = z.strictObject({ meta: Pairs.describe('The one key, and its value') })

/** The calls on pairs of keys and values. */
export const metadataAnswers = {
  'GET volumes/{id}/metadata': All,
  'POST volumes/{id}/metadata': All,
  'PUT volumes/{id}/metadata': All,
  'GET volumes/{id}/metadata/{key}': One,
  'PUT volumes/{id}/metadata/{key}': One,
  'DELETE volumes/{id}/metadata/{key}': undefined,
  'GET snapshots/{id}/metadata': All,
  'POST snapshots/{id}/metadata': All,
  'PUT snapshots/{id}/metadata': All,
  'GET snapshots/{id}/metadata/{key}': One,
  'PUT snapshots/{id}/metadata/{key}': One,
  'DELETE snapshots/{id}/metadata/{key}': undefined,
}
