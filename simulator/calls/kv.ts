import * as z from 'zod'
import { Nothing } from '../bodies.ts'
import { type Call, get, ok, parseBody, post, type Queries } from '../call.ts'
import { missing, Refusal, taken } from '../errors.ts'
import type { BucketRecord } from '../records.ts'
import { keyOf } from '../world.ts'

/** @see python-storpool 7.3.0, sptypes.py `KvsName`, `KvsKeyName`, `KeyValueBucketSetDesc` */
const BucketName = z
  .string()
  .max(1022)
  .regex(/^#?[A-Za-z0-9_\-.:]+$/)
const BucketSet = z.strictObject({
  runIfVersionIs: z.int().optional(),
  set: z.record(z.string().max(1022), z.string()),
})

const one = (call: Call): BucketRecord => {
  const name = parseBody(BucketName, call.args[0])
  const bucket = call.site.world.buckets.get(keyOf(call.cluster.id, name))
  if (bucket === undefined) throw missing('Bucket', name)
  return bucket
}
const own = (call: Call) =>
  [...call.site.world.buckets.values()].filter(({ cluster }) => cluster === call.cluster.id)
const view = ({ name, version, pairs }: BucketRecord) => ({ name, version, pairs })

const put = (call: Call, bucket: BucketRecord) => {
  const { world } = call.site
  world.change(call.cluster.id, () => world.buckets.put(keyOf(bucket.cluster, bucket.name), bucket))
  return ok(call)
}

const create = (call: Call) => {
  const name = parseBody(BucketName, call.args[0])
  if (call.site.world.buckets.has(keyOf(call.cluster.id, name))) throw taken('Bucket', name)
  return put(call, { cluster: call.cluster.id, name, version: 0, pairs: {} })
}

const remove = (call: Call) => {
  const { world } = call.site
  const { cluster, name } = one(call)
  world.change(cluster, () => world.buckets.drop(keyOf(cluster, name)))
  return ok(call)
}

const readPair = (call: Call) => {
  const bucket = one(call)
  const [, key = ''] = call.args
  const value = bucket.pairs[key]
  if (value === undefined || !Object.hasOwn(bucket.pairs, key)) throw missing('Key', key)
  return { ...view(bucket), pairs: { [key]: value } }
}

/** Sets several keys at once; an empty value deletes the key. */
const set = (call: Call, { runIfVersionIs, set: written }: z.infer<typeof BucketSet>) => {
  const bucket = one(call)
  if (runIfVersionIs !== undefined && runIfVersionIs !== bucket.version) {
    throw new Refusal('runIfVersionIsMismatch', `Bucket "${bucket.name}" is at version ${bucket.version}`)
  }
  const pairs = Object.entries({ ...bucket.pairs, ...written }).filter(([, value]) => value !== '')
  return put(call, { ...bucket, version: bucket.version + 1, pairs: Object.fromEntries(pairs) })
}

export const kvCalls: Queries = {
  KV: get((call) => ({ buckets: Object.fromEntries(own(call).map(({ name, version }) => [name, version])) })),
  'KV/List': get((call) => view(one(call)), { args: 1 }),
  'KV/Get': get(readPair, { args: 2 }),
  'KV/Create': post(Nothing, create, { args: 1 }),
  'KV/Delete': post(Nothing, remove, { args: 1 }),
  'KV/Set': post(BucketSet, set, { args: 1 }),
}
