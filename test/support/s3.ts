import type { IncomingMessage, ServerResponse } from 'node:http'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildAppOptions, buildApp } from 'fauxqs'
import { faultOf, type Keys } from './signature.ts'
import { listed } from './uploads.ts'

type Stores = NonNullable<BuildAppOptions['stores']>
type Kept = NonNullable<Stores['s3Store']['persistence']>

interface Inside {
  readonly SqsStore: new () => Stores['sqsStore']
  readonly SnsStore: new () => Stores['snsStore']
  readonly S3Store: new () => Stores['s3Store']
  readonly FileS3Persistence: new (folder: string) => Kept
}

const inside = async (): Promise<Inside> => {
  const root = dirname(findPackageJSON('fauxqs', import.meta.url) ?? '')
  const files = ['sqs/sqsStore', 'sns/snsStore', 's3/s3Store', 's3/fileS3Persistence']
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(root, 'dist', `${file}.js`)).href)),
  )
  return Object.assign({}, ...modules)
}

export const keys: Keys = { accessKeyId: 'AKIDTEST', secretAccessKey: 'not-so-secret' }
export const region = 'eu-test-1'

/** Restic's packs and our own parts have 16 MiB and more. */
const mostBytes = 80 * 1024 ** 2

/** What a test has the server do with a request, in place of the answer or before it. */
export type Meddle = (request: IncomingMessage, response: ServerResponse) => void

export interface S3Options {
  /** Where buckets are kept: started again with the same folder, everything is there. */
  readonly folder: string
  readonly buckets?: readonly string[]
  readonly port?: number
  readonly meddle?: Meddle
}

/**
 * An S3 server on loopback: fauxqs, which knows ranges, conditions and multipart uploads, with what it lacks before it:
 * requests must be signed, streams that are signed piece by piece are taken apart, a body may be as large as restic's,
 * and uploads are listed. It compares no checksums.
 */
export const startS3 = async ({ folder, buckets = [], port = 0, meddle }: S3Options) => {
  const { SqsStore, SnsStore, S3Store, FileS3Persistence } = await inside()
  const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() }
  const kept = new FileS3Persistence(folder)
  kept.loadS3(stores.s3Store)
  stores.s3Store.persistence = kept
  for (const bucket of buckets) if (!stores.s3Store.hasBucket(bucket)) stores.s3Store.createBucket(bucket)

  const app = buildApp({ logger: false, host: '127.0.0.1', defaultRegion: region, stores })
  app.removeContentTypeParser('*')
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_, body, done) =>
    done(null, body),
  )
  const asked: { method: string; url: string; range: string | undefined }[] = []
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { method = '', url = '', headers } = raw
    asked.push({ method, url, range: headers.range })
    const fault = faultOf(raw, keys)
    if (fault !== undefined) {
      return reply.status(403).type('application/xml').send(`<Error><Code>${fault}</Code></Error>`)
    }
    // Restic's library signs every piece of a stream and does not say so here, where fauxqs looks for it.
    if (String(headers['x-amz-content-sha256']).startsWith('STREAMING-')) {
      headers['content-encoding'] ??= 'aws-chunked'
    }
    meddle?.(raw, reply.raw)
    if (raw.destroyed || reply.raw.writableEnded) return reply.hijack()
    const answer = listed(stores.s3Store, method, url)
    return answer && reply.type('application/xml').send(answer)
  })
  const url = await app.listen({ host: '127.0.0.1', port })
  return {
    url,
    port: Number(new URL(url).port),
    asked,
    store: stores.s3Store,
    [Symbol.asyncDispose]: () => app.close(),
  }
}
export type S3 = Awaited<ReturnType<typeof startS3>>
