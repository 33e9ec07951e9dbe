import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { StoreName } from '../lib/agent/stores.ts'
import type { Secrets } from '../lib/agent/tasks.ts'
import { Refusal } from './refusal.ts'

const Path = z.string().refine(isAbsolute, 'must be an absolute path')
const Endpoint = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((text) => {
    const url = URL.parse(text)
    return url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  }, 'must be an address without credentials, ? and #')

/** A folder of this host, or one that is mounted here. */
const Folder = z.strictObject({ kind: z.literal('folder'), path: Path })

/** Where objects are, of any server that speaks S3. */
export const s3Place = {
  endpoint: Endpoint.refine((url) => URL.parse(url)?.pathname === '/', 'must be a scheme, a host and a port'),
  region: z.string().min(1).default('us-east-1'),
  bucket: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of a bucket'),
  /** Put in front of every key, as it is. */
  prefix: z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9_.+=/-]*$/)
    .default(''),
  /** `endpoint/bucket/key`; else `bucket.endpoint/key`. */
  pathStyle: z.boolean().default(true),
}
const S3 = z.strictObject({ kind: z.literal('s3'), ...s3Place })

/** restic makes the address of its parts, and takes fewer names than S3 does. */
const repositoryPlace = {
  ...s3Place,
  prefix: z
    .string()
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
      'must be names with / between them',
    ),
}
export type S3Place = Omit<S3Store, 'kind'>
export type S3Store = z.infer<typeof S3>

const Glance = z.strictObject({ kind: z.literal('glance'), endpoint: Endpoint })
export type GlanceStore = z.infer<typeof Glance>

/** A repository of restic's: a folder of this host, or part of a bucket. */
const Restic = z
  .strictObject({
    kind: z.literal('restic'),
    path: Path.optional(),
    s3: z.strictObject(repositoryPlace).optional(),
  })
  .refine(({ path, s3 }) => (path === undefined) !== (s3 === undefined), 'must have either path or s3')
export type ResticStore = z.infer<typeof Restic>

const Store = z.discriminatedUnion('kind', [Folder, S3, Glance, Restic])
export type Store = z.infer<typeof Store>

/** What a request may name, and where it is. The credentials come with the request. */
export const Stores = z.record(StoreName, Store).default({})
export type Stores = z.infer<typeof Stores>

/**
 * The store a request names.
 *
 * @throws Refusal `bad_request` this host has none of that name and kind
 */
export const storeOf = <Kind extends Store['kind']>(
  stores: Stores,
  kind: Kind,
  name: string,
): Extract<Store, { kind: Kind }> => {
  const store = Object.hasOwn(stores, name) ? stores[name] : undefined
  if (isOf(store, kind)) return store
  const there = Object.keys(stores).filter((other) => stores[other]?.kind === kind)
  throw new Refusal(
    'bad_request',
    `This host has no store ${name} of kind ${kind}; it has ${there.join(', ') || 'none'}. See stores in its configuration`,
  )
}

const isOf = <Kind extends Store['kind']>(
  store: Store | undefined,
  kind: Kind,
): store is Extract<Store, { kind: Kind }> => store?.kind === kind

/**
 * What a task needs is known before it is taken on: the store, and what opens it.
 *
 * @throws Refusal `bad_request`
 */
export const assertOpens = (
  stores: Stores,
  { kind, store }: { readonly kind: keyof typeof secretsOf; readonly store: string },
  secrets: Secrets | undefined,
): void => {
  storeOf(stores, kind, store)
  for (const name of secretsOf[kind]) {
    if (secrets?.[name] === undefined) {
      throw new Refusal(
        'bad_request',
        `The request is wrong: secrets.${name} is needed for the store ${store}`,
      )
    }
  }
}

const secretsOf = {
  folder: [],
  s3: ['accessKeyId', 'secretAccessKey'],
  glance: ['token'],
} as const
